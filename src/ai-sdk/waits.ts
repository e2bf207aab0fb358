import type { RealtimeStream, StreamSnapshot } from '../client/streams/index.js';

/** Time within which an answer ends that was cancelled, in milliseconds. Later, the next request does not wait for it. */
const END_MS = 5_000;

/**
 * Waits until the server has answered the subscription. Rejects with the reason of the signal if it is aborted meanwhile.
 * @param cancel called when the signal is aborted
 */
export function answerOf(
  stream: RealtimeStream,
  signal: AbortSignal | undefined,
  cancel: () => Promise<void>,
): Promise<StreamSnapshot> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      stop();
      reject(signal?.reason as Error);
      const close = (): void => stream.close();
      cancel().then(close, close);
    };
    const look = (): void => {
      const snapshot = stream.getSnapshot();
      if (snapshot.state === 'loading') return;
      stop();
      signal?.removeEventListener('abort', abort);
      resolve(snapshot);
    };
    const stop = stream.subscribe(look);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    else look();
  });
}

/** Waits until a stream is not open any more, and at most {@link END_MS}. */
export function endOf(stream: RealtimeStream): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const look = (): void => {
      const { state } = stream.getSnapshot();
      if (state !== 'open' && state !== 'loading') end();
    };
    const timer = setTimeout(end, END_MS);
    const stop = stream.subscribe(look);
    look();
  });
}
