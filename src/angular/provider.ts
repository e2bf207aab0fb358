import {
  DestroyRef,
  inject,
  InjectionToken,
  makeEnvironmentProviders,
  PLATFORM_ID,
  type EnvironmentProviders,
} from '@angular/core';
import type { AnyRealtimeClient } from '../bindings/any-client.js';
import { createRealtimeClient, type RealtimeClient, type RealtimeClientOptions } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';

/** Options of a client, or a function that returns them. It can call `inject`. */
export type ProvidedOptions = RealtimeClientOptions | (() => RealtimeClientOptions);

export type ClientToken = InjectionToken<AnyRealtimeClient>;

export const CLIENT: ClientToken = new InjectionToken('RealtimeClient');

/**
 * Provides a client to the application, or to a route. It is created at its first use, connects when the first channel is
 * used, and is closed with its injector. On a server it never connects.
 *
 *     bootstrapApplication(App, { providers: [provideRealtime({ url: '/ws', getToken })] });
 *
 * @param options also as a function in the injection context: `() => ({ url: '/ws', getToken: inject(Session).token })`
 */
export function provideRealtime(options: ProvidedOptions): EnvironmentProviders {
  return provideAs(CLIENT, options);
}

/**
 * Returns the provided client. Use `injectRealtimeClient<E>()` for a custom event map.
 * @throws if there is no `provideRealtime`
 */
export function injectRealtimeClient<E extends object = RealtimeEvents>(): RealtimeClient<E> {
  return clientOf(CLIENT);
}

export function provideAs(token: ClientToken, options: ProvidedOptions): EnvironmentProviders {
  const useFactory = (): AnyRealtimeClient => {
    const client = createRealtimeClient(typeof options === 'function' ? options() : options);
    // Rendering on a server must end, and must not use the events of a user.
    if (inject(PLATFORM_ID) === ('server' as unknown)) client.connect = () => undefined;
    inject(DestroyRef).onDestroy(() => client.close());
    return client;
  };
  return makeEnvironmentProviders([{ provide: token, useFactory }]);
}

export function clientOf<E extends object>(token: ClientToken): RealtimeClient<E> {
  const client = inject(token, { optional: true });
  if (client === null) {
    throw new Error('provideRealtime is missing: add provideRealtime({ url }) to the providers of the application');
  }
  return client as RealtimeClient<E>;
}
