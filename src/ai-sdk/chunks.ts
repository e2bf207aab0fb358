import type { UIMessageChunk } from 'ai';
import { RealtimeError } from '../client/index.js';
import type { RealtimeStream, StreamPart } from '../client/streams/index.js';

/** Chunks of a message, as the AI SDK reads them. */
export type Chunks = ReadableStream<UIMessageChunk>;

/**
 * Returns the values of a stream as chunks, and closes the stream at their end.
 * @param signal ends the chunks with its reason
 * @param cancel called when the signal is aborted. Its error is ignored: the answer may have ended meanwhile
 */
export function chunksOf(stream: RealtimeStream, signal: AbortSignal | undefined, cancel: () => Promise<void>): Chunks {
  const parts = stream[Symbol.asyncIterator]();
  let abort = (): void => undefined;
  const end = (): void => {
    signal?.removeEventListener('abort', abort);
    stream.close();
  };
  return new ReadableStream<UIMessageChunk>({
    start(controller) {
      abort = () => {
        controller.error(signal?.reason);
        cancel().then(end, end);
      };
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
    },
    async pull(controller) {
      const chunks = await nextOf(stream, parts).catch((error: unknown) => {
        end();
        throw error;
      });
      if (signal?.aborted) return;
      for (const chunk of chunks ?? []) controller.enqueue(chunk);
      if (chunks !== null) return;
      controller.close();
      end();
    },
    cancel: end,
  });
}

/** Returns the next chunks; `null` at the end. @throws RealtimeError if the answer failed, or a part of it is missing */
async function nextOf(
  stream: RealtimeStream,
  parts: AsyncIterator<StreamPart, undefined>,
): Promise<UIMessageChunk[] | null> {
  const { channel } = stream;
  try {
    const { done, value } = await parts.next();
    if (done && stream.getSnapshot().state !== 'open') return null;
    if (done) throw new RealtimeError('interrupted', 'The client was closed', { channel });
    if (value.missed === undefined && value.restarted === undefined) return value.items as UIMessageChunk[];
  } catch (error) {
    // Another tab, or the server, has stopped the answer.
    if ((error as RealtimeError).code === 'cancelled') return [{ type: 'abort' }];
    throw error;
  }
  throw new RealtimeError('interrupted', `A part of the answer is missing: ${channel}`, { channel });
}
