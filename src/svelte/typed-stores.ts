import type { RealtimeCommands } from '../client/index.js';
import { useNamedChannels, useNamedEvents, type UseChannel, type UseEvents } from './channels.js';
import type { RealtimeStates } from '../protocol/index.js';
import {
  useNamedCommand,
  useNamedHistory,
  useNamedLive,
  type UseCommand,
  type UseHistory,
  type UseLive,
} from './states.js';

/** The functions with names of channels and commands, typed by maps of events, commands and states. */
export interface RealtimeStores<
  E extends object,
  C extends object = RealtimeCommands,
  S extends object = RealtimeStates,
> {
  readonly useChannel: UseChannel<E>;
  readonly useEvents: UseEvents<E>;
  readonly useHistory: UseHistory<E>;
  readonly useCommand: UseCommand<C>;
  readonly useLive: UseLive<S>;
}

/**
 * Returns `useChannel`, `useEvents`, `useHistory`, `useCommand` and `useLive`, typed by custom maps instead of `RealtimeEvents`,
 * `RealtimeCommands` and `RealtimeStates`, like `createRealtimeClient<E>`. For pages that talk to two servers. Call it once, in a separate file.
 */
export function realtimeStores<
  E extends object,
  C extends object = RealtimeCommands,
  S extends object = RealtimeStates,
>(): RealtimeStores<E, C, S> {
  return {
    useChannel: useNamedChannels,
    useEvents: useNamedEvents,
    useHistory: useNamedHistory,
    useCommand: useNamedCommand,
    useLive: useNamedLive,
  };
}
