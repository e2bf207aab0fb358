import { useCallback, useSyncExternalStore } from 'react';
import type { EventOn, OneOrMany } from '../bindings/channel-names.js';
import { keyOf } from '../bindings/channel-names.js';
import { findChannel } from '../bindings/find-channel.js';
import { UNSUBSCRIBED } from '../bindings/initial-states.js';
import { joinChannel, type JoinOptions, type Left } from '../bindings/join-channel.js';
import type { ChannelChange, KnownChannel } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { useStableSubscriptions } from './stable-subscriptions.js';
import { useLatest } from './latest.js';
import { useRealtimeClient } from './provider.js';

/** Options of `useChannel`. */
export interface UseChannelOptions extends JoinOptions {
  /** Subscribes if true. @default true */
  readonly enabled?: boolean | undefined;
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

/** Implements `useChannel` for any event map. */
export function useNamedChannels<Event>(
  channels: string | readonly string[],
  onEvent?: (event: Event) => void | Promise<void>,
  options: UseChannelOptions = {},
): void {
  const client = useRealtimeClient();
  const latest = useLatest({ onEvent, options });
  const { enabled = true } = options;
  useStableSubscriptions<Left | undefined>(enabled ? keyOf(channels) : '[]', client, (name, left) =>
    joinChannel(client, name, () => latest.current, left),
  );
}

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
