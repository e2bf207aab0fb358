import { DestroyRef, inject, signal, type Signal } from '@angular/core';
import type { Identity, RealtimeClient, StateChange } from '../client/index.js';
import { injectRealtimeClient } from './provider.js';

/** Returns the last state change of the connection: `state` and its cause. Does not connect; using a channel does. */
export function injectConnectionState(): Signal<StateChange> {
  return connectionStateOf(injectRealtimeClient());
}

/** Returns the identity that the server confirmed, with its authorized channels; `null` until then. */
export function injectIdentity(): Signal<Identity | null> {
  return identityOf(injectRealtimeClient());
}

export function connectionStateOf(client: RealtimeClient): Signal<StateChange> {
  const change = signal(client.change);
  inject(DestroyRef).onDestroy(client.on('state', (now) => change.set(now)));
  return change.asReadonly();
}

export function identityOf(client: RealtimeClient): Signal<Identity | null> {
  const identity = signal(client.identity);
  inject(DestroyRef).onDestroy(client.on('identity', (now) => identity.set(now)));
  return identity.asReadonly();
}
