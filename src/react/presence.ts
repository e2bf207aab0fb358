import { useCallback, useEffect, useSyncExternalStore } from 'react';
import type { Presence } from '../client/index.js';
import { findChannel, useableChannel } from './find-channel.js';
import { useRealtimeClient } from './provider.js';

/**
 * Who is in a channel, kept up to date; `null` until the server has said so. It subscribes, so that whoever looks is here too.
 * @param channel one that has presence
 */
export function usePresence(channel: string): Presence | null {
  const client = useRealtimeClient();
  useEffect(() => useableChannel(client, channel)?.subscribe({ presence: true }), [client, channel]);
  const subscribe = useCallback(
    (changed: () => void) => findChannel(client, channel).on('presence', changed),
    [client, channel],
  );
  return useSyncExternalStore(
    subscribe,
    () => findChannel(client, channel).presence,
    () => null,
  );
}
