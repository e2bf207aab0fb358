import type { Signal } from '@angular/core';
import { liveSource, NOT_LOADED, type KnownStates } from '../bindings/live-source.js';
import type { RealtimeClient } from '../client/index.js';
import type { LiveData, LiveSnapshot, StateOf } from '../client/live/index.js';
import type { RealtimeStates } from '../protocol/index.js';
import { namesIn, signalPerName, type ChannelName, type Names } from './channel-input.js';
import { injectRealtimeClient } from './provider.js';

/** Type of `injectLive` for the channels of a state map. */
export type InjectLive<S extends object> = <const C extends string>(
  channel: ChannelName<C> & KnownStates<S, C>,
) => Signal<LiveSnapshot<StateOf<S, C>>>;

/**
 * Returns the state of a live resource, which follows the server until the component is destroyed. Parts of the state that did
 * not change are the same objects as before. The signal changes at most once per frame.
 * @param channel a live resource, or a function that returns it. `null` and `undefined` use no channel
 */
export function injectLive<const C extends string>(
  channel: ChannelName<C> & KnownStates<RealtimeStates, C>,
): Signal<LiveSnapshot<LiveData<C>>> {
  return liveOf(injectRealtimeClient(), namesIn(channel));
}

/** Implements `injectLive` for any state map. */
export function liveOf<T>(client: RealtimeClient, names: Names): Signal<LiveSnapshot<T>> {
  return signalPerName(
    names,
    ([name]) => (name === undefined ? NOT_LOADED : liveSource(name).read(client)) as LiveSnapshot<T>,
    (name, changed) => liveSource(name).listen(client, changed),
  );
}
