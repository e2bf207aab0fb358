import { useEffect, useState } from 'react';
import { watchOccupancy, type KnownChannel } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { useableChannel } from '../bindings/find-channel.js';
import { useRealtimeClient } from './provider.js';

/**
 * Returns the number of subscriptions of a channel over all instances, kept up to date; `null` until the server has sent
 * it, and on a channel without `occupancy`. Subscribes to the channel, so it counts this client too.
 */
export function useOccupancy<const C extends string>(channel: C & KnownChannel<RealtimeEvents, C>): number | null {
  const client = useRealtimeClient();
  const [counted, setCounted] = useState<{ readonly of: string; readonly count: number } | null>(null);
  useEffect(() => {
    if (useableChannel(client, channel) === null) return undefined;
    return watchOccupancy(client, channel, (count) => setCounted({ of: channel, count }));
  }, [client, channel]);
  return counted?.of === channel ? counted.count : null;
}
