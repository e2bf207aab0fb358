import { createEffect, createMemo, createSignal, on, onCleanup, sharedConfig, type Accessor } from 'solid-js';
import type { EventOn, KnownChannels } from '../bindings/channel-names.js';
import { commandSource, type CommandName, type CommandOf, type CommandOptions } from '../bindings/command-source.js';
import { liveSource, type KnownStates, type LiveOptions } from '../bindings/live-source.js';
import { ShownState } from '../bindings/shown-state.js';
import * as sources from '../bindings/state-sources.js';
import type { HistoryOptions, LoadedHistory, StateSource } from '../bindings/state-sources.js';
import type { ChannelChange, Identity, Presence, RealtimeCommands, StateChange } from '../client/index.js';
import type { LiveData, LiveSnapshot, StateOf } from '../client/live/index.js';
import type { RealtimeEvents, RealtimeStates } from '../protocol/index.js';
import { contextClient, valueOf, type MaybeAccessor } from './provide.js';

/** Returns the last state change of the connection: `state` and its cause. Does not connect; using a channel does. */
export function useConnectionState(): Accessor<StateChange> {
  return useSource('', () => sources.connectionState);
}

/** Returns the identity that the server confirmed, with its authorized channels; `null` until then. */
export function useIdentity(): Accessor<Identity | null> {
  return useSource('', () => sources.identity);
}

/** Returns the state of a channel and its reason. Does not subscribe; `useChannel` does. */
export function useChannelState(channel: MaybeAccessor<string>): Accessor<ChannelChange> {
  return useSource(channel, sources.channelState);
}

/**
 * Returns the members of a channel, with their info and state, kept up to date; `null` until the server has sent them.
 * Subscribes to the channel, so the user becomes a member too.
 * @param channel a channel with presence
 */
export function usePresence<Info = unknown, State = unknown>(
  channel: MaybeAccessor<string>,
): Accessor<Presence<Info, State> | null> {
  return useSource(channel, sources.presence as (name: string) => StateSource<Presence<Info, State> | null>);
}

/**
 * Returns a function that shows a state of this user to the members of a channel: a cursor, typing, a status. It can be
 * called at any rate; `null` shows no state. Subscribes to the channel while the component is mounted, and removes the
 * state at its end, or if the channel changes.
 * @param channel a channel whose definition has `presence: { state: true }`
 */
export function usePresenceState<State = unknown>(channel: MaybeAccessor<string>): (state: State | null) => void {
  const client = contextClient();
  const shown = new ShownState<State>();
  const name = createMemo(() => valueOf(channel));
  createEffect(on([client, name], ([to, joined]) => void onCleanup(shown.join(to, joined))));
  return shown.set;
}

/**
 * Returns the number of subscriptions of a channel over all instances, kept up to date; `null` until the server has sent
 * it, and on a channel without `occupancy`. Subscribes to the channel, so it counts this client too.
 */
export function useOccupancy(channel: MaybeAccessor<string>): Accessor<number | null> {
  return useSource(channel, sources.occupancy);
}

/** Type of `useHistory` for the channels of an event map. */
export type UseHistory<E extends object> = <const C extends string>(
  channel: MaybeAccessor<C> & KnownChannels<E, C>,
  options?: MaybeAccessor<HistoryOptions>,
) => Accessor<LoadedHistory<EventOn<C, E>>>;

/**
 * Returns kept events of a channel, page by page: the newest page first, older ones with `loadMore()`. Does not
 * subscribe; `useEvents` with `last` shows live events.
 */
export function useHistory<const C extends string>(
  channel: MaybeAccessor<C> & KnownChannels<RealtimeEvents, C>,
  options: MaybeAccessor<HistoryOptions> = {},
): Accessor<LoadedHistory<EventOn<C>>> {
  return useNamedHistory(channel, options);
}

/** Implements `useHistory` for any event map. */
export function useNamedHistory<Event>(
  channel: MaybeAccessor<string>,
  options: MaybeAccessor<HistoryOptions> = {},
): Accessor<LoadedHistory<Event>> {
  const key = (): string => {
    const { limit, before, enabled } = valueOf(options);
    return JSON.stringify([valueOf(channel), { limit, before, enabled }]);
  };
  return useSource(key, (given) => {
    const [name, about] = JSON.parse(given) as [string, HistoryOptions];
    return sources.historyPages(name, about) as StateSource<LoadedHistory<Event>>;
  });
}

/** Type of `useLive` for the channels of a state map. */
export type UseLive<S extends object> = <const C extends string>(
  channel: MaybeAccessor<C> & KnownStates<S, C>,
  options?: MaybeAccessor<LiveOptions>,
) => Accessor<LiveSnapshot<StateOf<S, C>>>;

/**
 * Returns the state of a live resource, which follows the server while the component is mounted. Parts of the state that did not change are
 * the same objects as before. Changes at most once per frame.
 */
export function useLive<const C extends string>(
  channel: MaybeAccessor<C> & KnownStates<RealtimeStates, C>,
  options: MaybeAccessor<LiveOptions> = {},
): Accessor<LiveSnapshot<LiveData<C>>> {
  return useNamedLive(channel, options);
}

/** Implements `useLive` for any state map. */
export function useNamedLive<T>(
  channel: MaybeAccessor<string>,
  options: MaybeAccessor<LiveOptions> = {},
): Accessor<LiveSnapshot<T>> {
  const key = (): string => JSON.stringify([valueOf(channel), { enabled: valueOf(options).enabled }]);
  return useSource(key, (given) => {
    const [name, about] = JSON.parse(given) as [string, LiveOptions];
    return liveSource(name, about) as StateSource<LiveSnapshot<T>>;
  });
}

/** Type of `useCommand` for a command map. */
export type UseCommand<C extends object> = <const N extends string>(
  name: CommandName<C, N>,
  options?: MaybeAccessor<CommandOptions>,
) => Accessor<CommandOf<C, N>>;

/**
 * Returns a command of the server to call, with the state of its last call. Forgets it when the client continues as another
 * user.
 */
export function useCommand<const N extends string>(
  name: CommandName<RealtimeCommands, N>,
  options: MaybeAccessor<CommandOptions> = {},
): Accessor<CommandOf<RealtimeCommands, N>> {
  return useNamedCommand(name, options);
}

/** Implements `useCommand` for any command map. */
export function useNamedCommand<Used>(name: string, options: MaybeAccessor<CommandOptions> = {}): Accessor<Used> {
  const source = commandSource<Used>(contextClient(), name, () => valueOf(options));
  return useSource('', () => source);
}

/** Returns a state of the client. @param key another key needs another source */
export function useSource<T>(key: MaybeAccessor<string>, sourceOf: (key: string) => StateSource<T>): Accessor<T> {
  const client = contextClient();
  const name = createMemo(() => valueOf(key));
  const first = sourceOf(name());
  // On a server, and while a page of a server becomes interactive, both must render the same.
  const isOfServer = sharedConfig.context !== undefined;
  const [state, setState] = createSignal(isOfServer ? first.initial : first.read(client()));
  createEffect(
    on([client, name], ([from, given]) => {
      const source = sourceOf(given);
      const show = (): void => void setState(() => source.read(from));
      onCleanup(source.listen(from, show));
      show();
    }),
  );
  return state;
}
