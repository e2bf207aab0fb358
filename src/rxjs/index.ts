/** RxJS bindings of the client: channels and states as Observables. */
import { Observable, type Subscriber } from 'rxjs';
import {
  watchOccupancy,
  type Channel,
  type ChannelChange,
  type Identity,
  type KnownChannel,
  type Presence,
  type RealtimeClient,
  type RealtimeError,
  type RealtimeEvent,
  type RealtimeStates,
  type Reset,
  type StateChange,
  type Stop,
  type SubscribeOptions,
} from '../client/index.js';
import { live, type KnownState, type LiveData, type LiveSnapshot } from '../client/live/index.js';
import {
  openStream,
  type KnownStream,
  type RealtimeStreamTypes,
  type StreamItem,
  type StreamResult,
  type StreamSnapshot,
} from '../client/streams/index.js';

export type { KnownState, LiveData, LiveSnapshot, LiveStatus, UnknownState } from '../client/live/index.js';
export type {
  KnownStream,
  RealtimeStreamTypes,
  StreamChannel,
  StreamGap,
  StreamItem,
  StreamResult,
  StreamSnapshot,
  StreamState,
  UnknownStream,
} from '../client/streams/index.js';

/** The content of a stream of the stream map. */
export type StreamContent<C extends string> = StreamSnapshot<
  StreamItem<RealtimeStreamTypes, C>,
  StreamResult<RealtimeStreamTypes, C>
>;

/**
 * Returns the events of a channel. Each subscription is a subscriber of the channel until it ends; all of them share one
 * subscription on the server.
 *
 * - The event after a loss of continuity has `missed`. {@link resets$} reports the loss at once.
 * - It fails with a `RealtimeError` if the channel is refused. `retry()` requests the channel again.
 * - It completes when the application closes the client.
 * - No event follows `unsubscribe()`, and the channel is released at once.
 *
 *     toObservable(client.channel('apps:created')).subscribe(({ data }) => show(data));
 *
 * @param options `after` and `last` count for the first subscriber of the channel only
 */
export function toObservable<T>(
  channel: Channel<T>,
  options: Pick<SubscribeOptions, 'after' | 'last'> = {},
): Observable<RealtimeEvent<T>> {
  return new Observable((subscriber) => {
    let missed: Reset | undefined;
    return stopAll(
      channel.on('event', (event) => {
        const next = missed ? { ...event, missed } : event;
        missed = undefined;
        subscriber.next(next);
      }),
      channel.on('reset', (reset) => void (missed = reset)),
      subscribed(channel, subscriber, options),
    );
  });
}

/**
 * Returns the losses of continuity of a channel: the state must be loaded again. Does not subscribe to the channel, and
 * completes when the application closes the client.
 */
export function resets$(channel: Channel<never>): Observable<Reset> {
  return new Observable((subscriber) =>
    stopAll(
      channel.on('reset', (reset) => subscriber.next(reset)),
      channel.on('closed', () => subscriber.complete()),
    ),
  );
}

/** Returns the state of the connection and its later changes. Does not connect; using a channel does. */
export function connectionState$(client: Pick<RealtimeClient, 'change' | 'on'>): Observable<StateChange> {
  return current(
    () => client.change,
    (changed) => client.on('state', changed),
  );
}

/** Returns the identity that the server confirmed, and its later changes; `null` without one. */
export function identity$(client: Pick<RealtimeClient, 'identity' | 'on'>): Observable<Identity | null> {
  return current(
    () => client.identity,
    (changed) => client.on('identity', changed),
  );
}

/** Returns the errors that the client reports. It recovers by itself, unless a change to `closed` follows. */
export function errors$(client: Pick<RealtimeClient, 'on'>): Observable<RealtimeError> {
  return new Observable((subscriber) => client.on('error', (error) => subscriber.next(error)));
}

/** Returns the state of a channel and its later changes. Does not subscribe to the channel; {@link toObservable} does. */
export function channelState$(channel: Channel<never>): Observable<ChannelChange> {
  return current(
    () => channel.change,
    (changed) => channel.on('state', changed),
  );
}

/**
 * Returns the members of a channel with presence, and their later changes; `null` until the server has sent them.
 * Subscribes to the channel, so the user becomes a member too. Ends like {@link toObservable}.
 */
export function presence$<Info = unknown, State = unknown>(
  channel: Channel<never>,
): Observable<Presence<Info, State> | null> {
  return new Observable((subscriber) => {
    const show = (): void => subscriber.next(channel.presence as Presence<Info, State> | null);
    const stop = stopAll(channel.on('presence', show), subscribed(channel, subscriber, { presence: true }));
    show();
    return stop;
  });
}

/**
 * Returns the number of subscriptions of a channel over all instances, and its later changes. Subscribes to the channel,
 * so it counts this client too. Fails if the server refuses.
 */
export function occupancy$<E extends object, const C extends string>(
  client: RealtimeClient<E>,
  channel: C & KnownChannel<E, C>,
): Observable<number> {
  return new Observable((subscriber) =>
    stopAll(
      watchOccupancy(
        client,
        channel,
        (count) => subscriber.next(count),
        (error) => subscriber.error(error),
      ),
      ended(client.channel<string>(channel), subscriber),
    ),
  );
}

/**
 * Returns the state of a live resource, and its later changes. Each subscription uses the resource until it ends; all of them
 * share one subscription on the server. A refusal is a value with the status `refused`.
 */
export function live$<const C extends string, E extends object = object>(
  client: RealtimeClient<E>,
  channel: C & KnownState<RealtimeStates, C>,
): Observable<LiveSnapshot<LiveData<C>>> {
  return new Observable((subscriber) => {
    const resource = live<string, E>(client, channel);
    const show = (): void => subscriber.next(resource.getSnapshot() as LiveSnapshot<LiveData<C>>);
    const stop = stopAll(resource.subscribe(show), () => resource.close());
    show();
    return stop;
  });
}

/**
 * Returns the content of a stream, and its later changes: at most one per animation frame. Each subscription uses the stream until it
 * ends; all of them share one subscription on the server. It does not complete with the stream, because a writer can continue one. A
 * refusal is a value with the state `refused`.
 */
export function stream$<const C extends string, E extends object = object>(
  client: RealtimeClient<E>,
  channel: C & KnownStream<RealtimeStreamTypes, C>,
): Observable<StreamContent<C>> {
  return new Observable((subscriber) => {
    const stream = openStream<string, E>(client, channel);
    const show = (): void => subscriber.next(stream.getSnapshot() as StreamContent<C>);
    const stop = stopAll(stream.subscribe(show), () => stream.close());
    show();
    return stop;
  });
}

/** Subscribes to a channel for an observer. */
function subscribed(channel: Channel<never>, subscriber: Subscriber<unknown>, options: SubscribeOptions): Stop {
  return stopAll(ended(channel, subscriber), channel.subscribe(options));
}

/** Ends an observer with its channel: `error` if the channel is refused, `complete` when the client is closed. */
function ended(channel: Channel<never>, subscriber: Subscriber<unknown>): Stop {
  return stopAll(
    channel.on('state', ({ error }) => {
      if (error) subscriber.error(error);
    }),
    channel.on('closed', () => subscriber.complete()),
  );
}

/** Returns a value and its later changes. Listens first, because an observer can cause a change. */
function current<T>(read: () => T, listen: (changed: (value: T) => void) => Stop): Observable<T> {
  return new Observable((subscriber) => {
    const stop = listen((value) => subscriber.next(value));
    subscriber.next(read());
    return stop;
  });
}

/** Returns one function that calls all of these. */
function stopAll(...stops: readonly Stop[]): Stop {
  return () => {
    for (const stop of stops) stop();
  };
}
