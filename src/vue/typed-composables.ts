import type { RealtimeCommands } from '../client/index.js';
import { useNamedChannels, useNamedEvents, type UseChannel, type UseEvents } from './channels.js';
import type { RealtimeStates, RealtimeStreamTypes } from '../protocol/index.js';
import {
  useNamedCommand,
  useNamedHistory,
  useNamedLive,
  type UseCommand,
  type UseHistory,
  type UseLive,
} from './states.js';
import { useNamedStream, type UseStream } from './stream.js';

/** The composables with names of channels and commands, typed by maps of events, commands, states and streams. */
export interface RealtimeComposables<
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
 * `RealtimeCommands`, `RealtimeStates` and `RealtimeStreamTypes`, like `createRealtimeClient<E>`. For pages that talk to two servers. Call it once, in a separate file.
 */
export function realtimeComposables<
  E extends object,
  C extends object = RealtimeCommands,
  S extends object = RealtimeStates,
  T extends object = RealtimeStreamTypes,
>(): RealtimeComposables<E, C, S, T> {
  return {
    useChannel: useNamedChannels,
    useEvents: useNamedEvents,
    useHistory: useNamedHistory,
    useCommand: useNamedCommand,
    useLive: useNamedLive,
    useStream: useNamedStream,
  };
}
