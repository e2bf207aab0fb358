import { useCallback, useSyncExternalStore } from 'react';
import type { Identity, StateChange } from '../client/index.js';
import { useRealtimeClient } from './provider.js';

/** What a connection is before anybody asked for it, and on a server that renders. */
const IDLE: StateChange = { state: 'idle', previous: 'idle', code: 'close', reason: 'not connected yet' };

/** The last change of the connection: `state`, and why it is so. It looks only: a channel that is used connects. */
export function useConnectionState(): StateChange {
  const client = useRealtimeClient();
  const subscribe = useCallback((changed: () => void) => client.on('state', changed), [client]);
  return useSyncExternalStore(
    subscribe,
    () => client.change,
    () => IDLE,
  );
}

/** Who the server takes us for, and what we may use; `null` until it has said so. */
export function useIdentity(): Identity | null {
  const client = useRealtimeClient();
  const subscribe = useCallback((changed: () => void) => client.on('identity', changed), [client]);
  return useSyncExternalStore(
    subscribe,
    () => client.identity,
    () => null,
  );
}
