import {
  getCurrentInstance,
  inject,
  onScopeDispose,
  provide,
  toRaw,
  toValue,
  type ComponentInternalInstance,
  type InjectionKey,
  type MaybeRefOrGetter,
  type Plugin,
} from 'vue';
import type { AnyRealtimeClient } from '../bindings/any-client.js';
import type { RealtimeClient } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { whenMounted } from './when-mounted.js';

const KEY: InjectionKey<MaybeRefOrGetter<AnyRealtimeClient>> = Symbol('nestjs-realtime client');

// A component cannot inject what it provides itself.
const providedBy = new WeakMap<ComponentInternalInstance, MaybeRefOrGetter<AnyRealtimeClient>>();

/**
 * Creates a plugin that provides a client to all components: `app.use(createRealtimePlugin(client))`.
 * @param client from `createRealtimeClient`; a ref or getter, if it can be replaced. It connects when the first component
 *   subscribes to a channel, and is closed by its creator
 */
export function createRealtimePlugin(client: MaybeRefOrGetter<AnyRealtimeClient>): Plugin {
  return {
    install(app) {
      app.provide(KEY, client);
    },
  };
}

/** Provides a client to this component and those below it, instead of the plugin's. */
export function provideRealtime(client: MaybeRefOrGetter<AnyRealtimeClient>): void {
  const instance = getCurrentInstance();
  if (instance) providedBy.set(instance, client);
  provide(KEY, client);
}

/**
 * Creates a client that the component owns: it connects on mount, and is closed when the component unmounts.
 *
 *     provideRealtime(useNewRealtimeClient(() => createRealtimeClient({ url: '/ws', getToken })));
 */
export function useNewRealtimeClient<C extends Pick<RealtimeClient, 'connect' | 'close'>>(create: () => C): C {
  const client = create();
  whenMounted(() => {
    client.connect();
    onScopeDispose(() => client.close());
  });
  return client;
}

/**
 * Returns the client of the plugin, or of the nearest {@link provideRealtime}. Use `useRealtimeClient<E>()` for a custom
 * event map.
 * @throws if no client is provided
 */
export function useRealtimeClient<E extends object = RealtimeEvents>(): RealtimeClient<E> {
  return injectClient()();
}

/** Returns a function that returns the current client. */
export function injectClient(): () => RealtimeClient {
  const instance = getCurrentInstance();
  const provided = (instance && providedBy.get(instance)) ?? inject(KEY, null);
  if (provided === null) {
    throw new Error(
      'The realtime client is missing: call app.use(createRealtimePlugin(client)), or provideRealtime(client) in a component above this one',
    );
  }
  return () => toRaw(toValue(provided)) as RealtimeClient;
}
