import { useEffect, useState, useSyncExternalStore } from 'react';
import { keyOf, namesOf, type Channels, type EventOn } from './channel-names.js';
import { useChannel, type UseChannelOptions } from './channel.js';
import { RecentEvents } from './recent-events.js';

/** What `useEvents` takes. */
export interface UseEventsOptions extends UseChannelOptions {
  /** How many of the last events are kept. @default 100 */
  readonly limit?: number;
}

const NONE: readonly never[] = [];

/**
 * Subscribes to a channel, or to several, and keeps the last events, oldest first. It renders at most once a frame, however
 * fast they come. Where the channels change, those that stay keep their events.
 */
export function useEvents<const C extends string>(
  channels: Channels<C>,
  options: UseEventsOptions = {},
): readonly EventOn<C>[] {
  const { limit = 100 } = options;
  const key = keyOf(channels);
  const [recent] = useState(() => new RecentEvents<EventOn<C>>(limit));
  useEffect(() => recent.resize(limit), [recent, limit]);
  useEffect(() => {
    const names = new Set(namesOf(key));
    recent.keep(({ channel }) => names.has(channel));
  }, [recent, key]);
  useChannel(channels, (event) => recent.add(event), options);
  return useSyncExternalStore(recent.subscribe, recent.snapshot, () => NONE);
}
