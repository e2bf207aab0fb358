import { createContext, createElement, useContext, type ReactElement, type ReactNode } from 'react';
import type { RealtimeClient } from '../client/index.js';

const Context = createContext<RealtimeClient | null>(null);

export interface RealtimeProviderProps {
  /**
   * Made outside of rendering by `createRealtimeClient`, and closed by whoever made it. It connects when the first
   * component asks for a channel.
   */
  readonly client: RealtimeClient;
  readonly children?: ReactNode;
}

/** Gives a client to the hooks below it. */
export function RealtimeProvider({ client, children }: RealtimeProviderProps): ReactElement {
  return createElement(Context.Provider, { value: client }, children);
}

/**
 * The client of the nearest {@link RealtimeProvider}.
 * @throws where there is none
 */
export function useRealtimeClient(): RealtimeClient {
  const client = useContext(Context);
  if (client === null) {
    throw new Error('There is no realtime client here: put <RealtimeProvider client={…}> above this component');
  }
  return client;
}
