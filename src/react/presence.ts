import { useCallback, useEffect, useSyncExternalStore } from 'react';
import type { Presence } from '../client/index.js';
import { findChannel, useableChannel } from './find-channel.js';
import { useRealtimeClient } from './provider.js';

/**
 * Returns the members of a channel, kept up to date; `null` until the server has sent them. Subscribes to the channel,
 * so the user becomes a member too.
 * @param channel a channel with presence
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
