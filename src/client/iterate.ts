import type { RealtimeError } from './errors.js';
import type { Channel, RealtimeEvent, Reset, Stop } from './types.js';

/** Releases the subscriptions of iterators that were garbage-collected without `return()`. */
const dropped =
  typeof FinalizationRegistry === 'function' ? new FinalizationRegistry<() => void>((end) => end()) : undefined;

/**
 * Iterates over the events of a channel for `for await`. Subscribes from the first step to the end. An event counts as
 * done when the next one is requested. The event after a loss of continuity has `missed`. Throws if the channel is
 * refused, and ends when the client is closed.
 */
export function iterate<T>(channel: Channel<T>): AsyncIterableIterator<RealtimeEvent<T>> {
  // Pending `next()` calls, in order. The first call after a failure gets the error.
  const pending: [(result: IteratorResult<RealtimeEvent<T>>) => void, (error: RealtimeError) => void][] = [];
  let stops: Stop[] | undefined;
  let isOver = false;
  let failure: RealtimeError | undefined;
  let missed: Reset | undefined;
  let done: Stop | undefined;

  const end = (error?: RealtimeError): void => {
    if (isOver) return;
    isOver = true;
    failure = error;
    for (const stop of stops ?? []) stop();
    answer();
  };
  const answer = (): void => {
    for (const [resolve, reject] of pending.splice(0)) {
      if (failure) reject(failure);
      else resolve({ value: undefined, done: true });
      failure = undefined;
    }
  };
  const endIfGone = (): void => {
    if (channel.change.error || channel.users === 0) end(channel.change.error);
  };

  const iterator: AsyncIterableIterator<RealtimeEvent<T>> = {
    next: () =>
      new Promise((resolve, reject) => {
        pending.push([resolve, reject]);
        if (isOver) return answer();
        done?.();
        if (stops) return endIfGone();
        stops = [
          // The channel passes the next event when this one is done, so each event has a waiting `next()` call.
          channel.on(
            'event',
            (event) =>
              new Promise<void>((next) => {
                done = next;
                pending.shift()?.[0]({ value: missed ? { ...event, missed } : event, done: false });
                missed = undefined;
                if (pending.length > 0) next();
              }),
          ),
          channel.on('reset', (reset) => (missed = reset)),
          channel.on('state', endIfGone),
          channel.on('closed', () => end()),
        ];
        // Last, because a listener of the state change may close the client, which ends this iterator.
        const leave = channel.subscribe();
        if (isOver) leave();
        else stops.push(leave);
        endIfGone();
      }),
    return(value?: unknown) {
      end();
      return Promise.resolve({ value, done: true });
    },
    throw(error?: unknown) {
      end();
      return Promise.reject(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  dropped?.register(iterator, end);
  return iterator;
}
