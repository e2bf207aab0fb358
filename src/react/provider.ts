import { createContext, createElement, useContext, useState, type ReactElement, type ReactNode } from 'react';
import type { AnyRealtimeClient } from '../bindings/any-client.js';
import type { RealtimeClient } from '../client/index.js';
import { useStableSubscription } from './stable-subscriptions.js';
import type { RealtimeEvents } from '../protocol/index.js';

const Context = createContext<AnyRealtimeClient | null>(null);

export interface RealtimeProviderProps {
  /**
   * A client from `createRealtimeClient`, created outside of rendering and closed by its creator. It connects when the
   * first component subscribes to a channel.
   */
  readonly client: AnyRealtimeClient;
  readonly children?: ReactNode;
}

/** Provides a client to the hooks below it. */
export function RealtimeProvider({ client, children }: RealtimeProviderProps): ReactElement {
  return createElement(Context.Provider, { value: client }, children);
}

/**
 * Creates a client that the component owns: it connects on mount and is closed on unmount.
 *
 *     const client = useNewRealtimeClient(() => createRealtimeClient({ url: '/ws', getToken }));
 *
 * @param create called once
 */
export function useNewRealtimeClient<C extends Pick<RealtimeClient, 'connect' | 'close'>>(create: () => C): C {
  const [client] = useState(create);
  useStableSubscription(true, client, () => {
    client.connect();
    return () => client.close();
  });
  return client;
}

/**
 * Returns the client of the nearest {@link RealtimeProvider}. Use `useRealtimeClient<E>()` for a custom event map.
 * @throws if there is no provider
 */
export function useRealtimeClient<E extends object = RealtimeEvents>(): RealtimeClient<E> {
  const client = useContext(Context);
  if (client === null) {
    throw new Error('RealtimeProvider is missing: wrap this component in <RealtimeProvider client={…}>');
  }
  return client as RealtimeClient<E>;
}
