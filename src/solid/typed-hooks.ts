import type { RealtimeCommands } from '../client/index.js';
import { useNamedChannels, useNamedEvents, type UseChannel, type UseEvents } from './channels.js';
import { useNamedCommand, useNamedHistory, type UseCommand, type UseHistory } from './states.js';

/** The functions with names of channels and commands, typed by an event map and a command map. */
export interface RealtimeHooks<E extends object, C extends object = RealtimeCommands> {
  readonly useChannel: UseChannel<E>;
  readonly useEvents: UseEvents<E>;
  readonly useHistory: UseHistory<E>;
  readonly useCommand: UseCommand<C>;
}

/**
 * Returns `useChannel`, `useEvents`, `useHistory` and `useCommand`, typed by custom maps instead of `RealtimeEvents` and
 * `RealtimeCommands`, like `createRealtimeClient<E>`. For pages that talk to two servers. Call it once, in a separate file.
 */
export function realtimeHooks<E extends object, C extends object = RealtimeCommands>(): RealtimeHooks<E, C> {
  return {
    useChannel: useNamedChannels,
    useEvents: useNamedEvents,
    useHistory: useNamedHistory,
    useCommand: useNamedCommand,
  };
}
