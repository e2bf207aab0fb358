import { createComponent, createContext, createMemo, onCleanup, onMount, useContext, type JSX } from 'solid-js';
import type { AnyRealtimeClient } from '../bindings/any-client.js';
import type { RealtimeClient } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';

/** A value, or a function that returns it, such as a signal. */
export type MaybeAccessor<T> = T | (() => T);

/** Returns the current value. */
export function valueOf<T extends string | object>(value: MaybeAccessor<T>): T {
  return typeof value === 'function' ? (value as () => T)() : value;
}

const Context = createContext<() => AnyRealtimeClient>();

export interface RealtimeProviderProps {
  /**
   * A client from `createRealtimeClient`, closed by its creator. It connects when the first component subscribes to a
   * channel.
   */
  readonly client: AnyRealtimeClient;
  readonly children?: JSX.Element;
}

/** Provides a client to the components below it. */
export function RealtimeProvider(props: RealtimeProviderProps): JSX.Element {
  return createComponent(Context.Provider, {
    // A memo, because `props.client` also notifies if it is the same client.
    value: createMemo(() => props.client),
    get children() {
      return props.children;
    },
  });
}

/**
 * Creates a client that the component owns: it connects on mount, and is closed when the component is disposed.
 *
 *     const client = useNewRealtimeClient(() => createRealtimeClient({ url: '/ws', getToken }));
 */
export function useNewRealtimeClient<C extends Pick<RealtimeClient, 'connect' | 'close'>>(create: () => C): C {
  const client = create();
  onMount(() => {
    client.connect();
    onCleanup(() => client.close());
  });
  return client;
}

/**
 * Returns the client of the nearest {@link RealtimeProvider}. Use `useRealtimeClient<E>()` for a custom event map.
 * @throws if there is no provider
 */
export function useRealtimeClient<E extends object = RealtimeEvents>(): RealtimeClient<E> {
  return contextClient()();
}

/** Returns a function that returns the current client. */
export function contextClient(): () => RealtimeClient {
  const provided = useContext(Context);
  if (provided === undefined) {
    throw new Error('The realtime client is missing: call this below <RealtimeProvider client={…}>');
  }
  return provided as () => RealtimeClient;
}
