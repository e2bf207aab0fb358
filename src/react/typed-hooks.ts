import type { RealtimeCommands } from '../client/index.js';
import { useNamedChannels, type UseChannel } from './channel.js';
import { startCall, useNamedCommand, type UseCommand } from './command.js';
import { useNamedEvents, type UseEvents } from './events.js';
import { useNamedHistory, type UseHistory } from './history.js';
import type { RealtimeStates, RealtimeStreamTypes } from '../protocol/index.js';
import { useNamedLive, type UseLive } from './live.js';
import { useNamedStream, type UseStream } from './stream.js';

/** The hooks with names of channels and commands, typed by maps of events, commands, states and streams. */
export interface RealtimeHooks<
  E extends object,
  C extends object = RealtimeCommands,
  S extends object = RealtimeStates,
  T extends object = RealtimeStreamTypes,
> {
  readonly useChannel: UseChannel<E>;
  readonly useEvents: UseEvents<E>;
  readonly useHistory: UseHistory<E>;
  readonly useCommand: UseCommand<C>;
  readonly useLive: UseLive<S>;
  readonly useStream: UseStream<T>;
}

/**
 * Returns `useChannel`, `useEvents`, `useHistory`, `useCommand`, `useLive` and `useStream`, typed by custom maps instead of `RealtimeEvents`,
 * `RealtimeCommands`, `RealtimeStates` and `RealtimeStreamTypes`, like `createRealtimeClient<E>`. For pages that talk to two servers. Call it once, in a separate
 * file.
 */
export function realtimeHooks<
  E extends object,
  C extends object = RealtimeCommands,
  S extends object = RealtimeStates,
  T extends object = RealtimeStreamTypes,
>(): RealtimeHooks<E, C, S, T> {
  return {
    useChannel: useNamedChannels,
    useEvents: useNamedEvents,
    useHistory: useNamedHistory,
    useCommand: (name, options = {}) => useNamedCommand(name, options, startCall),
    useLive: useNamedLive,
    useStream: useNamedStream,
  };
}
