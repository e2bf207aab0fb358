import { getContext, onMount, setContext } from 'svelte';
import type { AnyRealtimeClient } from '../bindings/any-client.js';
import type { RealtimeClient } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { valueOf, type MaybeGetter } from './realtime-value.js';

const KEY = Symbol('nestjs-realtime client');

/**
 * Provides a client to this component and those below it. Call it while the component is created.
 * @param client from `createRealtimeClient`; a getter, if it can be replaced. It connects when the first component
 *   subscribes to a channel, and is closed by its creator
 */
export function provideRealtime(client: MaybeGetter<AnyRealtimeClient>): void {
  setContext(KEY, client);
}

/**
 * Creates a client that the component owns: it connects on mount, and is closed when the component is destroyed.
 *
 *     provideRealtime(useNewRealtimeClient(() => createRealtimeClient({ url: '/ws', getToken })));
 */
export function useNewRealtimeClient<C extends Pick<RealtimeClient, 'connect' | 'close'>>(create: () => C): C {
  const client = create();
  onMount(() => {
    client.connect();
    return () => client.close();
  });
  return client;
}

/**
 * Returns the client of the nearest {@link provideRealtime}. Use `useRealtimeClient<E>()` for a custom event map.
 * @throws if no client is provided
 */
export function useRealtimeClient<E extends object = RealtimeEvents>(): RealtimeClient<E> {
  return contextClient()();
}

/** Returns a function that returns the current client. */
export function contextClient(): () => RealtimeClient {
  const provided = getContext<MaybeGetter<AnyRealtimeClient> | undefined>(KEY);
  if (provided === undefined) {
    throw new Error(
      'The realtime client is missing: call provideRealtime(client) in this component or in one above it',
    );
  }
  return () => valueOf(provided) as RealtimeClient;
}
