import { createContext, createElement, useContext, useState, type ReactElement, type ReactNode } from 'react';
import type { RealtimeClient } from '../client/index.js';
import { useStableSubscription } from './stable-subscriptions.js';
import type { RealtimeEvents } from '../protocol/index.js';

/** A client, whichever map its channels are of. */
export type AnyRealtimeClient = Omit<RealtimeClient, 'channel'> & { readonly channel: unknown };

const Context = createContext<AnyRealtimeClient | null>(null);

export interface RealtimeProviderProps {
  /**
   * Made outside of rendering by `createRealtimeClient`, and closed by whoever made it. It connects when the first
   * component asks for a channel.
   */
  readonly client: AnyRealtimeClient;
  readonly children?: ReactNode;
}

/** Gives a client to the hooks below it. */
export function RealtimeProvider({ client, children }: RealtimeProviderProps): ReactElement {
  return createElement(Context.Provider, { value: client }, children);
}

/**
 * A client that is the component's: it connects when the component is shown, and is closed when it is gone.
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
 * The client of the nearest {@link RealtimeProvider}; `useRealtimeClient<E>()` where it has a map of its own.
 * @throws where there is none
 */
export function useRealtimeClient<E extends object = RealtimeEvents>(): RealtimeClient<E> {
  const client = useContext(Context);
  if (client === null) {
    throw new Error('There is no realtime client here: put <RealtimeProvider client={…}> above this component');
  }
  return client as RealtimeClient<E>;
}
