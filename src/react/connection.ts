import { useCallback, useSyncExternalStore } from 'react';
import { IDLE } from '../bindings/initial-states.js';
import type { Identity, StateChange } from '../client/index.js';
import { useRealtimeClient } from './provider.js';

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
