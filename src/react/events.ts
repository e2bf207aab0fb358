import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { KnownChannel, Reset } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { keyOf, namesOf, type EventOn, type OneOrMany } from './channel-names.js';
import { useNamedChannels, type UseChannelOptions } from './channel.js';
import { generationOf, watchGenerations } from './generation.js';
import { useRealtimeClient } from './provider.js';
import { RecentEvents } from './recent-events.js';

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
  const { limit = 100, last, onReset } = options;
  const client = useRealtimeClient();
  const key = keyOf(channels);
  const [recent] = useState(() => new RecentEvents<Event>(limit));
  const owner = useRef<{ client: object; generation: number } | null>(null);
  const isOwner = (): boolean => owner.current?.client === client && owner.current.generation === generationOf(client);
  useEffect(() => recent.resize(limit), [recent, limit]);
  useEffect(() => {
    const names = new Set(namesOf(key));
    recent.keep(({ channel }) => names.has(channel));
  }, [recent, key]);
  useEffect(() => {
    watchGenerations(client);
    return client.on('identity', () => {
      if (!isOwner()) recent.keep(() => false);
    });
    // `isOwner` is a new function in each render, but always does the same.
  }, [recent, client]);
  const add = (event: Event): void => {
    if (!isOwner()) recent.keep(() => false);
    owner.current = { client, generation: generationOf(client) };
    recent.add(event);
  };
  // The last events follow: without the older ones the list has no gap and no duplicate.
  const restart = (reset: Reset): void | Promise<void> => {
    if (last) recent.keep(({ channel }) => channel !== reset.channel);
    return onReset?.(reset);
  };
  useNamedChannels(channels, add, { ...options, onReset: restart });
  // The check also covers the render in which the client changes, and the first render after the component was hidden.
  return useSyncExternalStore(
    recent.subscribe,
    () => (isOwner() ? recent.snapshot() : NONE),
    () => NONE,
  );
}
