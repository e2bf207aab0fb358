import type { Channel, RealtimeEvent, Stop } from './types.js';

/** As much of an observer as is called. */
export interface Observer<T> {
  next?(value: T): void;
  error?(error: unknown): void;
  complete?(): void;
}

/** The key by which RxJS and other libraries recognise what can be observed. */
const OBSERVABLE = (Symbol as { observable?: symbol }).observable ?? '@@observable';

/** Makes an object that `from()` of RxJS subscribes to, and from which it unsubscribes at once. */
export function observable<T>(start: (observer: Observer<T>) => Stop): object {
  return {
    [OBSERVABLE]: () => ({
      subscribe: (observer: Observer<T>) => ({ unsubscribe: start(observer) }),
    }),
  };
}

/** The events of a channel for an observer: an error if the channel is refused, complete when the client is closed. */
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
  // Last: a listener that learns of it may close the client, which ends this observer.
  const leave = channel.subscribe();
  if (isOver) leave();
  else stops.push(leave);
  return stop;
}
