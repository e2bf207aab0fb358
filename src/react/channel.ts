import { useCallback, useSyncExternalStore } from 'react';
import { type ChannelChange, type KnownChannel, type RealtimeClient, type Reset } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { keyOf, type EventOn, type OneOrMany } from './channel-names.js';
import { findChannel, useableChannel } from './find-channel.js';
import { generationOf, watchGenerations } from './generation.js';
import { lastEvents } from './last-events.js';
import { useStableSubscriptions } from './stable-subscriptions.js';
import { useLatest } from './latest.js';
import { useRealtimeClient } from './provider.js';

/** Options of `useChannel`. */
export interface UseChannelOptions {
  /** Subscribes if true. @default true */
  readonly enabled?: boolean | undefined;
  /**
   * Position to resume from, by channel: the `lastEventId` that was returned with the loaded data. Events between
   * loading and subscribing are then replayed. Ignored for a channel that already has a subscriber. @default live
   * events only
   */
  readonly after?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Receives the last events first, up to this number, from 1 to 1,000. After a break the channel resumes; only if that
   * is impossible, `onReset` is called and the last events follow again. @default live events only
   */
  readonly last?: number | undefined;
  /** Called when events are missing: load the data again. */
  readonly onReset?: ((reset: Reset) => void | Promise<void>) | undefined;
}

/** Type of `useChannel` for the channels of an event map. */
export type UseChannel<E extends object> = <const C extends string>(
  channels: OneOrMany<C & KnownChannel<E, C>>,
  onEvent?: (event: EventOn<C, E>) => void | Promise<void>,
  options?: UseChannelOptions,
) => void;

/**
 * Subscribes to one or more channels while the component is mounted.
 * @param channels can be an inline list: the hook resubscribes only if the names change
 * @param onEvent the callback of the last render is called. If it returns a promise, the next event waits for it
 */
export function useChannel<const C extends string>(
  channels: OneOrMany<C & KnownChannel<RealtimeEvents, C>>,
  onEvent?: (event: EventOn<C>) => void | Promise<void>,
  options: UseChannelOptions = {},
): void {
  useNamedChannels(channels, onEvent, options);
}

/** Position of a component when it was hidden. */
interface Left {
  readonly client: RealtimeClient;
  readonly generation: number;
  readonly lastEventId: string | undefined;
}

/** Implements `useChannel` for any event map. */
export function useNamedChannels<Event>(
  channels: string | readonly string[],
  onEvent?: (event: Event) => void | Promise<void>,
  options: UseChannelOptions = {},
): void {
  const client = useRealtimeClient();
  const key = keyOf(channels);
  const latest = useLatest({ onEvent, options });
  const { enabled = true } = options;
  useStableSubscriptions<Left | undefined>(enabled ? key : '[]', client, (name, left) => {
    const channel = useableChannel(client, name);
    if (channel === null) return () => undefined;
    watchGenerations(client);
    const isSameUser = left?.client === client && left.generation === generationOf(client);
    const isFirst = channel.users === 0;
    const after = isSameUser ? left.lastEventId : latest.current.options.after?.[name];
    const { last } = latest.current.options;
    let wasReset = false;
    let isOver = false;
    const deliver = (event: unknown): unknown => latest.current.onEvent?.(event as Event);
    // The client sends the last events to the first subscriber only.
    const joined = last && !isFirst ? lastEvents(client, channel, last, deliver) : null;
    const reset = (about: Reset): unknown => {
      wasReset = true;
      const pending = latest.current.options.onReset?.(about);
      joined?.load();
      return pending;
    };
    const stops = [
      channel.on('event', joined?.deliver ?? deliver),
      channel.on('reset', reset),
      channel.subscribe({ after, last }),
    ];
    if (joined) stops.push(joined.end);
    if (!left) joined?.load();
    const missed = left && missedBy(left, isSameUser, isFirst, channel.lastEventId);
    const report = (): void => {
      if (!isOver && !wasReset) reset({ channel: name, reason: missed!, lastEventId: channel.lastEventId });
    };
    if (missed && channel.state === 'subscribed') void Promise.resolve().then(report);
    else if (missed) {
      stops.push(
        channel.on('state', ({ state }) => {
          if (state === 'subscribed') void Promise.resolve().then(report);
        }),
      );
    }
    return () => {
      const { lastEventId } = channel;
      isOver = true;
      for (const stop of stops) stop();
      return { client, generation: generationOf(client), lastEventId };
    };
  });
}

/** Returns why a component that was hidden must load its data again; `undefined` if it resumes or missed nothing. */
function missedBy(
  { lastEventId }: Left,
  isSameUser: boolean,
  isFirst: boolean,
  now: string | undefined,
): Reset['reason'] | undefined {
  if (!isSameUser) return 'other_user';
  if (lastEventId === undefined) return 'no_history';
  return isFirst || lastEventId === now ? undefined : 'hidden';
}

/** State of a channel before it has a subscriber, and in server rendering. */
const UNSUBSCRIBED: ChannelChange = {
  state: 'unsubscribed',
  previous: 'unsubscribed',
  code: 'unsubscribe',
  reason: 'no subscription yet',
};

/** Returns the state of a channel and its reason. Does not subscribe; `useChannel` does. */
export function useChannelState<const C extends string>(channel: C): ChannelChange {
  const client = useRealtimeClient();
  const subscribe = useCallback(
    (changed: () => void) => findChannel(client, channel).on('state', changed),
    [client, channel],
  );
  return useSyncExternalStore(
    subscribe,
    () => findChannel(client, channel).change,
    () => UNSUBSCRIBED,
  );
}
