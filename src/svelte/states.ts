import { onMount } from 'svelte';
import type { EventOn, KnownChannels } from '../bindings/channel-names.js';
import { commandSource, type CommandName, type CommandOf, type CommandOptions } from '../bindings/command-source.js';
import { liveSource, type KnownStates, type LiveOptions } from '../bindings/live-source.js';
import { ShownState } from '../bindings/shown-state.js';
import * as sources from '../bindings/state-sources.js';
import type { HistoryOptions, LoadedHistory, StateSource } from '../bindings/state-sources.js';
import type { ChannelChange, Identity, Presence, RealtimeCommands, StateChange, Stop } from '../client/index.js';
import type { LiveData, LiveSnapshot, StateOf } from '../client/live/index.js';
import type { RealtimeEvents, RealtimeStates } from '../protocol/index.js';
import { contextClient } from './provide.js';
import { createValue, followed, isOnServer, valueOf, type MaybeGetter, type RealtimeValue } from './realtime-value.js';

/** Returns the last state change of the connection: `state` and its cause. Does not connect; using a channel does. */
export function useConnectionState(): RealtimeValue<StateChange> {
  return useSource('', () => sources.connectionState);
}

/** Returns the identity that the server confirmed, with its authorized channels; `null` until then. */
export function useIdentity(): RealtimeValue<Identity | null> {
  return useSource('', () => sources.identity);
}

/** Returns the state of a channel and its reason. Does not subscribe; `useChannel` does. */
export function useChannelState(channel: MaybeGetter<string>): RealtimeValue<ChannelChange> {
  return useSource(channel, sources.channelState);
}

/**
 * Returns the members of a channel, with their info and state, kept up to date; `null` until the server has sent them.
 * Subscribes to the channel while they are shown, so the user becomes a member too.
 * @param channel a channel with presence
 */
export function usePresence<Info = unknown, State = unknown>(
  channel: MaybeGetter<string>,
): RealtimeValue<Presence<Info, State> | null> {
  return useSource(channel, sources.presence as (name: string) => StateSource<Presence<Info, State> | null>);
}

/**
 * Returns a function that shows a state of this user to the members of a channel: a cursor, typing, a status. It can be
 * called at any rate; `null` shows no state. Subscribes to the channel while the component is mounted, and removes the
 * state at its end, or if the channel changes.
 * @param channel a channel whose definition has `presence: { state: true }`
 */
export function usePresenceState<State = unknown>(channel: MaybeGetter<string>): (state: State | null) => void {
  const client = contextClient();
  const shown = new ShownState<State>();
  const follow = followed(() => [client(), valueOf(channel)] as const);
  onMount(() => {
    let leave: Stop = () => undefined;
    const stop = follow(
      changes(([to, name]) => {
        leave();
        leave = shown.join(to, name);
      }),
    );
    return () => {
      stop();
      leave();
    };
  });
  return shown.set;
}

/**
 * Returns the number of subscriptions of a channel over all instances, kept up to date; `null` until the server has sent
 * it, and on a channel without `occupancy`. Subscribes to the channel while it is shown, so it counts this client too.
 */
export function useOccupancy(channel: MaybeGetter<string>): RealtimeValue<number | null> {
  return useSource(channel, sources.occupancy);
}

/** Type of `useHistory` for the channels of an event map. */
export type UseHistory<E extends object> = <const C extends string>(
  channel: MaybeGetter<C> & KnownChannels<E, C>,
  options?: MaybeGetter<HistoryOptions>,
) => RealtimeValue<LoadedHistory<EventOn<C, E>>>;

/**
 * Returns kept events of a channel, page by page: the newest page first, older ones with `loadMore()`. Does not
 * subscribe; `useEvents` with `last` shows live events.
 */
export function useHistory<const C extends string>(
  channel: MaybeGetter<C> & KnownChannels<RealtimeEvents, C>,
  options: MaybeGetter<HistoryOptions> = {},
): RealtimeValue<LoadedHistory<EventOn<C>>> {
  return useNamedHistory(channel, options);
}

/** Implements `useHistory` for any event map. */
export function useNamedHistory<Event>(
  channel: MaybeGetter<string>,
  options: MaybeGetter<HistoryOptions> = {},
): RealtimeValue<LoadedHistory<Event>> {
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
  channel: MaybeGetter<C> & KnownStates<S, C>,
  options?: MaybeGetter<LiveOptions>,
) => RealtimeValue<LiveSnapshot<StateOf<S, C>>>;

/**
 * Returns the state of a live resource, which follows the server while it is shown. Parts of the state that did not change are
 * the same objects as before. Changes at most once per frame.
 */
export function useLive<const C extends string>(
  channel: MaybeGetter<C> & KnownStates<RealtimeStates, C>,
  options: MaybeGetter<LiveOptions> = {},
): RealtimeValue<LiveSnapshot<LiveData<C>>> {
  return useNamedLive(channel, options);
}

/** Implements `useLive` for any state map. */
export function useNamedLive<T>(
  channel: MaybeGetter<string>,
  options: MaybeGetter<LiveOptions> = {},
): RealtimeValue<LiveSnapshot<T>> {
  const key = (): string => JSON.stringify([valueOf(channel), { enabled: valueOf(options).enabled }]);
  return useSource(key, (given) => {
    const [name, about] = JSON.parse(given) as [string, LiveOptions];
    return liveSource(name, about) as StateSource<LiveSnapshot<T>>;
  });
}

/** Type of `useCommand` for a command map. */
export type UseCommand<C extends object> = <const N extends string>(
  name: CommandName<C, N>,
  options?: MaybeGetter<CommandOptions>,
) => RealtimeValue<CommandOf<C, N>>;

/**
 * Returns a command of the server to call, with the state of its last call. Forgets it when the client continues as another
 * user.
 */
export function useCommand<const N extends string>(
  name: CommandName<RealtimeCommands, N>,
  options: MaybeGetter<CommandOptions> = {},
): RealtimeValue<CommandOf<RealtimeCommands, N>> {
  return useNamedCommand(name, options);
}

/** Implements `useCommand` for any command map. */
export function useNamedCommand<Used>(name: string, options: MaybeGetter<CommandOptions> = {}): RealtimeValue<Used> {
  const source = commandSource<Used>(contextClient(), name, () => valueOf(options));
  return useSource('', () => source);
}

/** Returns a state of the client. @param key another key needs another source */
export function useSource<T>(key: MaybeGetter<string>, sourceOf: (key: string) => StateSource<T>): RealtimeValue<T> {
  const client = contextClient();
  const follow = followed(() => [client(), valueOf(key)] as const);
  let read: (() => T) | null = null;
  const unused = (): T => {
    const source = sourceOf(valueOf(key));
    return isOnServer() ? source.initial : source.read(client());
  };
  return createValue(
    () => (read ?? unused)(),
    (changed) => {
      let end: Stop = () => undefined;
      const stop = follow(
        changes(([from, name]) => {
          end();
          const source = sourceOf(name);
          const isFirst = read === null;
          read = () => source.read(from);
          end = source.listen(from, changed);
          if (!isFirst) changed();
        }),
      );
      return () => {
        stop();
        end();
        read = null;
      };
    },
  );
}

/** Returns a function that ignores arguments that are the same as before. */
function changes<Args extends readonly unknown[]>(run: (args: Args) => void): (args: Args) => void {
  let before: Args | null = null;
  return (args) => {
    if (before !== null && args.every((value, index) => value === before![index])) return;
    before = args;
    run(args);
  };
}
