import { useEffect, useState, useSyncExternalStore } from 'react';
import { keyOf, namesOf, type EventOn, type OneOrMany } from '../bindings/channel-names.js';
import { LiveEvents } from '../bindings/live-events.js';
import type { KnownChannel, Reset } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { useNamedChannels, type UseChannelOptions } from './channel.js';
import { useRealtimeClient } from './provider.js';

/** Options of `useEvents`. */
export interface UseEventsOptions extends UseChannelOptions {
  /** Number of recent events to keep. @default 100 */
  readonly limit?: number | undefined;
}

const NONE: readonly never[] = [];

/** Type of `useEvents` for the channels of an event map. */
export type UseEvents<E extends object> = <const C extends string>(
  channels: OneOrMany<C & KnownChannel<E, C>>,
  options?: UseEventsOptions,
) => readonly EventOn<C, E>[];

/**
 * Subscribes to one or more channels and returns their recent events, oldest first. Renders at most once per frame, at
 * any event rate. If the channels change, the remaining ones keep their events.
 */
export function useEvents<const C extends string>(
  channels: OneOrMany<C & KnownChannel<RealtimeEvents, C>>,
  options: UseEventsOptions = {},
): readonly EventOn<C>[] {
  return useNamedEvents(channels, options);
}

/** Implements `useEvents` for any event map. */
export function useNamedEvents<Event extends { readonly channel: string }>(
  channels: string | readonly string[],
  options: UseEventsOptions = {},
): readonly Event[] {
  const { limit = 100, last, enabled = true, onReset } = options;
  const client = useRealtimeClient();
  const key = keyOf(channels);
  const [live] = useState(() => new LiveEvents<Event>(limit));
  useEffect(() => live.resize(limit), [live, limit]);
  // A channel that is joined again does not continue the list, which would hide a gap.
  useEffect(() => live.keepOnly(enabled ? namesOf(key) : []), [live, key, enabled]);
  useEffect(() => live.watch(client), [live, client]);
  // The last events follow: without the older ones the list has no gap and no duplicate.
  const restart = (reset: Reset): void | Promise<void> => {
    if (last) live.drop(reset.channel);
    return onReset?.(reset);
  };
  useNamedChannels<Event>(channels, (event) => live.add(client, event), { ...options, onReset: restart });
  return useSyncExternalStore(
    live.subscribe,
    () => live.snapshot(client),
    () => NONE,
  );
}
