import type { Channel, RealtimeEvent, Stop } from './types.js';

/** The observer methods that are called. */
export interface Observer<T> {
  next?(value: T): void;
  error?(error: unknown): void;
  complete?(): void;
}

/** Key by which RxJS and other libraries recognize observables. */
const OBSERVABLE = (Symbol as { observable?: symbol }).observable ?? '@@observable';

/** Creates an object for `from()` of RxJS. Unsubscribing takes effect at once. */
export function observable<T>(start: (observer: Observer<T>) => Stop): object {
  return {
    [OBSERVABLE]: () => ({
      subscribe: (observer: Observer<T>) => ({ unsubscribe: start(observer) }),
    }),
  };
}

/**
 * Passes the events of a channel to an observer: `error` if the channel is refused, `complete` when the client is
 * closed.
 */
export function observe<T>(channel: Channel<T>, observer: Observer<RealtimeEvent<T>>): Stop {
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    for (const end of stops) end();
  };
  const stops: Stop[] = [
    channel.on('event', (event) => observer.next?.(event)),
    channel.on('state', ({ error }) => {
      if (!error) return;
      stop();
      observer.error?.(error);
    }),
    channel.on('closed', () => {
      stop();
      observer.complete?.();
    }),
  ];
  // Last, because a listener of the state change may close the client, which ends this observer.
  const leave = channel.subscribe();
  if (isOver) leave();
  else stops.push(leave);
  return stop;
}
