import { useCallback, useSyncExternalStore } from 'react';
import type { Identity, StateChange } from '../client/index.js';
import { useRealtimeClient } from './provider.js';

/** State of the connection before the first use, and in server rendering. */
const IDLE: StateChange = { state: 'idle', previous: 'idle', code: 'close', reason: 'not connected yet' };

/** Returns the last state change of the connection: `state` and its cause. Does not connect; using a channel does. */
export function useConnectionState(): StateChange {
  const client = useRealtimeClient();
  const subscribe = useCallback((changed: () => void) => client.on('state', changed), [client]);
  return useSyncExternalStore(
    subscribe,
    () => client.change,
    () => IDLE,
  );
}

/** Returns the identity that the server confirmed, with its authorized channels; `null` until then. */
export function useIdentity(): Identity | null {
  const client = useRealtimeClient();
  const subscribe = useCallback((changed: () => void) => client.on('identity', changed), [client]);
  return useSyncExternalStore(
    subscribe,
    () => client.identity,
    () => null,
  );
}
