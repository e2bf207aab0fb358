import type { RealtimeError } from './errors.js';
import type { Channel, RealtimeEvent, Stop } from './types.js';

/**
 * The events of a channel for `for await`. It is a user of the channel from its first step to its end; an event counts as
 * done when the next one is asked for. It throws when the channel is refused, and ends when the client is closed.
 */
export function iterate<T>(
  channel: Channel<T>,
  whenEnded: (ended: (error: RealtimeError | null) => void) => Stop,
): AsyncIterableIterator<RealtimeEvent<T>> {
  type Result = IteratorResult<RealtimeEvent<T>>;
  let stops: Stop[] | undefined;
  let isOver = false;
  let failure: RealtimeError | null = null;
  let done: Stop = () => undefined;
  const asking: { resolve: (result: Result) => void; reject: (error: RealtimeError) => void }[] = [];

  const end = (error: RealtimeError | null): void => {
    if (isOver) return;
    isOver = true;
    failure = error;
    for (const stop of stops ?? []) stop();
    done();
    const first = asking.shift();
    if (failure === null) first?.resolve(OVER);
    else if (first !== undefined) {
      first.reject(failure);
      failure = null;
    }
    for (const { resolve } of asking.splice(0)) resolve(OVER);
  };

  const begin = (): void => {
    stops = [
      // The channel hands out the next event when this one is done, so there is never one without somebody who asks.
      channel.on(
        'event',
        (value) =>
          new Promise<void>((resolve) => {
            done = resolve;
            asking.shift()?.resolve({ value, done: false });
            if (asking.length > 0) done();
          }),
      ),
      whenEnded((error) => end(error?.code === 'unsubscribed' ? null : error)),
      channel.subscribe(),
    ];
    if (channel.change.error !== undefined) end(channel.change.error);
  };

  return {
    next() {
      return new Promise<Result>((resolve, reject) => {
        if (failure !== null) reject(failure);
        else if (isOver) resolve(OVER);
        else {
          asking.push({ resolve, reject });
          done();
          if (stops === undefined) begin();
        }
        if (isOver) failure = null;
      });
    },
    return() {
      end(null);
      return Promise.resolve(OVER);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const OVER: IteratorReturnResult<undefined> = { value: undefined, done: true };
