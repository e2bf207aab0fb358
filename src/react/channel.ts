import { useCallback, useSyncExternalStore } from 'react';
import { type ChannelChange, type KnownChannel, type RealtimeClient, type Reset } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { keyOf, type EventOn, type OneOrMany } from './channel-names.js';
import { findChannel, useableChannel } from './find-channel.js';
import { generationOf, watchGenerations } from './generation.js';
import { useStableSubscriptions } from './stable-subscriptions.js';
import { useLatest } from './latest.js';
import { useRealtimeClient } from './provider.js';

/** What `useChannel` takes. */
export interface UseChannelOptions {
  /** Whether to subscribe. @default true */
  readonly enabled?: boolean | undefined;
  /**
   * Where to go on, by channel: the `lastEventId` that came with what was loaded, so that nothing falls between loading and
   * following. It counts when nobody else uses the channel yet. @default from now on
   */
  readonly after?: Readonly<Record<string, string | undefined>> | undefined;
  /** Events are missing: load again what they would have told. */
  readonly onReset?: ((reset: Reset) => void | Promise<void>) | undefined;
}

/** `useChannel` for the channels of a map. */
export type UseChannel<E extends object> = <const C extends string>(
  channels: OneOrMany<C & KnownChannel<E, C>>,
  onEvent?: (event: EventOn<C, E>) => void | Promise<void>,
  options?: UseChannelOptions,
) => void;

/**
 * Subscribes to a channel, or to several, for as long as the component is there.
 * @param channels an inline list is fine: only other names make other subscriptions
 * @param onEvent always the one of the last render; where it returns a promise, its next event comes after that
 */
export function useChannel<const C extends string>(
  channels: OneOrMany<C & KnownChannel<RealtimeEvents, C>>,
  onEvent?: (event: EventOn<C>) => void | Promise<void>,
  options: UseChannelOptions = {},
): void {
  useNamedChannels(channels, onEvent, options);
}

/** Where a component stood when it was hidden. */
interface Left {
  readonly client: RealtimeClient;
  readonly generation: number;
  readonly lastEventId: string | undefined;
}

/** What `useChannel` does, whatever map its names and events are from. */
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
    let wasReset = false;
    let isOver = false;
    const reset = (about: Reset): unknown => {
      wasReset = true;
      return latest.current.options.onReset?.(about);
    };
    const stops = [
      channel.on('event', (event) => latest.current.onEvent?.(event as Event)),
      channel.on('reset', reset),
      channel.subscribe({ after }),
    ];
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

/** Why a component that was hidden has to load its state again; `undefined` if it resumes, or nothing happened. */
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

/** What a channel is before anybody asked for it, and on a server that renders. */
const UNSUBSCRIBED: ChannelChange = {
  state: 'unsubscribed',
  previous: 'unsubscribed',
  code: 'unsubscribe',
  reason: 'nobody has subscribed yet',
};

/** How it stands with a channel, and why. It looks only: `useChannel` subscribes. */
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
