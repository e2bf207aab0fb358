import {
  getCurrentInstance,
  inject,
  shallowReadonly,
  shallowRef,
  ssrContextKey,
  toValue,
  watch,
  type MaybeRefOrGetter,
  type ShallowRef,
} from 'vue';
import type { EventOn, KnownChannels } from '../bindings/channel-names.js';
import { commandSource, type CommandName, type CommandOf, type CommandOptions } from '../bindings/command-source.js';
import { liveSource, type KnownStates, type LiveOptions } from '../bindings/live-source.js';
import { ShownState } from '../bindings/shown-state.js';
import * as sources from '../bindings/state-sources.js';
import type { HistoryOptions, LoadedHistory, StateSource } from '../bindings/state-sources.js';
import type { ChannelChange, Identity, Presence, RealtimeCommands, StateChange } from '../client/index.js';
import type { LiveData, LiveSnapshot, StateOf } from '../client/live/index.js';
import type { RealtimeEvents, RealtimeStates } from '../protocol/index.js';
import { injectClient } from './provide.js';
import { whenMounted } from './when-mounted.js';

/** Returns the last state change of the connection: `state` and its cause. Does not connect; using a channel does. */
export function useConnectionState(): Readonly<ShallowRef<StateChange>> {
  return useSource('', () => sources.connectionState);
}

/** Returns the identity that the server confirmed, with its authorized channels; `null` until then. */
export function useIdentity(): Readonly<ShallowRef<Identity | null>> {
  return useSource('', () => sources.identity);
}

/** Returns the state of a channel and its reason. Does not subscribe; `useChannel` does. */
export function useChannelState(channel: MaybeRefOrGetter<string>): Readonly<ShallowRef<ChannelChange>> {
  return useSource(channel, sources.channelState);
}

/**
 * Returns the members of a channel, with their info and state, kept up to date; `null` until the server has sent them.
 * Subscribes to the channel, so the user becomes a member too.
 * @param channel a channel with presence
 */
export function usePresence<Info = unknown, State = unknown>(
  channel: MaybeRefOrGetter<string>,
): Readonly<ShallowRef<Presence<Info, State> | null>> {
  return useSource(channel, sources.presence as (name: string) => StateSource<Presence<Info, State> | null>);
}

/**
 * Returns a function that shows a state of this user to the members of a channel: a cursor, typing, a status. It can be
 * called at any rate; `null` shows no state. Subscribes to the channel while the component is mounted, and removes the
 * state at its end, or if the channel changes.
 * @param channel a channel whose definition has `presence: { state: true }`
 */
export function usePresenceState<State = unknown>(channel: MaybeRefOrGetter<string>): (state: State | null) => void {
  const client = injectClient();
  const shown = new ShownState<State>();
  whenMounted(() => {
    watch([client, () => toValue(channel)] as const, ([to, name], _, onCleanup) => onCleanup(shown.join(to, name)), {
      immediate: true,
    });
  });
  return shown.set;
}

/**
 * Returns the number of subscriptions of a channel over all instances, kept up to date; `null` until the server has sent
 * it, and on a channel without `occupancy`. Subscribes to the channel, so it counts this client too.
 */
export function useOccupancy(channel: MaybeRefOrGetter<string>): Readonly<ShallowRef<number | null>> {
  return useSource(channel, sources.occupancy);
}

/** Type of `useHistory` for the channels of an event map. */
export type UseHistory<E extends object> = <const C extends string>(
  channel: MaybeRefOrGetter<C> & KnownChannels<E, C>,
  options?: MaybeRefOrGetter<HistoryOptions>,
) => Readonly<ShallowRef<LoadedHistory<EventOn<C, E>>>>;

/**
 * Returns kept events of a channel, page by page: the newest page first, older ones with `loadMore()`. Does not
 * subscribe; `useEvents` with `last` shows live events.
 */
export function useHistory<const C extends string>(
  channel: MaybeRefOrGetter<C> & KnownChannels<RealtimeEvents, C>,
  options: MaybeRefOrGetter<HistoryOptions> = {},
): Readonly<ShallowRef<LoadedHistory<EventOn<C>>>> {
  return useNamedHistory(channel, options);
}

/** Implements `useHistory` for any event map. */
export function useNamedHistory<Event>(
  channel: MaybeRefOrGetter<string>,
  options: MaybeRefOrGetter<HistoryOptions> = {},
): Readonly<ShallowRef<LoadedHistory<Event>>> {
  const key = (): string => {
    const { limit, before, enabled } = toValue(options);
    return JSON.stringify([toValue(channel), { limit, before, enabled }]);
  };
  return useSource(key, (given) => {
    const [name, about] = JSON.parse(given) as [string, HistoryOptions];
    return sources.historyPages(name, about) as StateSource<LoadedHistory<Event>>;
  });
}

/** Type of `useLive` for the channels of a state map. */
export type UseLive<S extends object> = <const C extends string>(
  channel: MaybeRefOrGetter<C> & KnownStates<S, C>,
  options?: MaybeRefOrGetter<LiveOptions>,
) => Readonly<ShallowRef<LiveSnapshot<StateOf<S, C>>>>;

/**
 * Returns the state of a live resource, which follows the server while the component is mounted. Parts of the state that did not change are
 * the same objects as before. Changes at most once per frame.
 */
export function useLive<const C extends string>(
  channel: MaybeRefOrGetter<C> & KnownStates<RealtimeStates, C>,
  options: MaybeRefOrGetter<LiveOptions> = {},
): Readonly<ShallowRef<LiveSnapshot<LiveData<C>>>> {
  return useNamedLive(channel, options);
}

/** Implements `useLive` for any state map. */
export function useNamedLive<T>(
  channel: MaybeRefOrGetter<string>,
  options: MaybeRefOrGetter<LiveOptions> = {},
): Readonly<ShallowRef<LiveSnapshot<T>>> {
  const key = (): string => JSON.stringify([toValue(channel), { enabled: toValue(options).enabled }]);
  return useSource(key, (given) => {
    const [name, about] = JSON.parse(given) as [string, LiveOptions];
    return liveSource(name, about) as StateSource<LiveSnapshot<T>>;
  });
}

/** Type of `useCommand` for a command map. */
export type UseCommand<C extends object> = <const N extends string>(
  name: CommandName<C, N>,
  options?: MaybeRefOrGetter<CommandOptions>,
) => Readonly<ShallowRef<CommandOf<C, N>>>;

/**
 * Returns a command of the server to call, with the state of its last call. Forgets it when the client continues as another
 * user.
 */
export function useCommand<const N extends string>(
  name: CommandName<RealtimeCommands, N>,
  options: MaybeRefOrGetter<CommandOptions> = {},
): Readonly<ShallowRef<CommandOf<RealtimeCommands, N>>> {
  return useNamedCommand(name, options);
}

/** Implements `useCommand` for any command map. */
export function useNamedCommand<Used>(
  name: string,
  options: MaybeRefOrGetter<CommandOptions> = {},
): Readonly<ShallowRef<Used>> {
  const source = commandSource<Used>(injectClient(), name, () => toValue(options));
  return useSource('', () => source);
}

/** Returns a state of the client. @param key another key needs another source */
export function useSource<T>(
  key: MaybeRefOrGetter<string>,
  sourceOf: (key: string) => StateSource<T>,
): Readonly<ShallowRef<T>> {
  const client = injectClient();
  const first = sourceOf(toValue(key));
  const state = shallowRef(isRenderedByServer() ? first.initial : first.read(client()));
  whenMounted(() => {
    const change = ([from, name]: readonly [ReturnType<typeof client>, string], _: unknown, onCleanup: OnCleanup) => {
      const source = sourceOf(name);
      const show = (): void => void (state.value = source.read(from));
      onCleanup(source.listen(from, show));
      show();
    };
    watch([client, () => toValue(key)] as const, change, { immediate: true });
  });
  return shallowReadonly(state);
}

type OnCleanup = (cleanup: () => void) => void;

/** Returns true on a server, and while a page of a server becomes interactive: both must render the same. */
function isRenderedByServer(): boolean {
  const instance = getCurrentInstance();
  return instance !== null && (instance.vnode.el !== null || inject(ssrContextKey, null) !== null);
}
