import { InjectionToken, type EnvironmentProviders, type Signal } from '@angular/core';
import type {
  ChannelChange,
  Identity,
  Presence,
  RealtimeClient,
  RealtimeCommands,
  StateChange,
} from '../client/index.js';
import { namesIn, type ChannelName } from './channel-input.js';
import { joinChannels, stateOf, type InjectChannel } from './channel.js';
import { commandOf, type InjectCommand } from './command.js';
import { connectionStateOf, identityOf } from './connection.js';
import { eventsOf, type InjectEvents } from './events.js';
import { historyOf, type InjectHistory } from './history.js';
import { liveOf, type InjectLive } from './live.js';
import type { RealtimeStates, RealtimeStreamTypes } from '../protocol/index.js';
import { observableOf, type ChannelObservable } from './observable.js';
import { occupancyOf, presenceOf, presenceStateOf } from './presence.js';
import { clientOf, provideAs, type ProvidedOptions } from './provider.js';
import { streamOf, type InjectStream } from './stream.js';

/** The functions of this entry point, for one server and its maps of events, commands, states and streams. */
export interface RealtimeServer<
  E extends object,
  C extends object = RealtimeCommands,
  S extends object = RealtimeStates,
  T extends object = RealtimeStreamTypes,
> {
  readonly provideRealtime: (options: ProvidedOptions) => EnvironmentProviders;
  readonly injectRealtimeClient: () => RealtimeClient<E>;
  readonly injectChannel: InjectChannel<E>;
  readonly injectChannelState: (channel: ChannelName) => Signal<ChannelChange>;
  readonly injectEvents: InjectEvents<E>;
  readonly injectHistory: InjectHistory<E>;
  readonly injectConnectionState: () => Signal<StateChange>;
  readonly injectIdentity: () => Signal<Identity | null>;
  readonly injectPresence: <Info = unknown, State = unknown>(
    channel: ChannelName,
  ) => Signal<Presence<Info, State> | null>;
  readonly injectPresenceState: <State = unknown>(channel: ChannelName) => (state: State | null) => void;
  readonly injectOccupancy: (channel: ChannelName) => Signal<number | null>;
  readonly injectLive: InjectLive<S>;
  readonly injectStream: InjectStream<T>;
  readonly injectCommand: InjectCommand<C>;
  readonly channel$: ChannelObservable<E>;
}

/**
 * Returns the functions of this entry point for another server: with a separate client, and typed by custom maps
 * instead of `RealtimeEvents`, `RealtimeCommands`, `RealtimeStates` and `RealtimeStreamTypes`. Call it once, in a separate file.
 * @param name appears in Angular's errors
 */
export function realtimeServer<
  E extends object,
  C extends object = RealtimeCommands,
  S extends object = RealtimeStates,
  T extends object = RealtimeStreamTypes,
>(name: string): RealtimeServer<E, C, S, T> {
  const token = new InjectionToken<never>(name);
  const client = (): RealtimeClient => clientOf(token);
  return {
    provideRealtime: (options) => provideAs(token, options),
    injectRealtimeClient: () => clientOf<E>(token),
    injectChannel: (channels, onEvent, options) => joinChannels(client(), namesIn(channels), onEvent, options),
    injectChannelState: (channel) => stateOf(client(), namesIn(channel)),
    injectEvents: (channels, options) => eventsOf(client(), namesIn(channels), options),
    injectHistory: (channel, options) => historyOf(client(), namesIn(channel), options),
    injectConnectionState: () => connectionStateOf(client()),
    injectIdentity: () => identityOf(client()),
    injectPresence: (channel) => presenceOf(client(), namesIn(channel)),
    injectPresenceState: (channel) => presenceStateOf(client(), namesIn(channel)),
    injectOccupancy: (channel) => occupancyOf(client(), namesIn(channel)),
    injectLive: (channel) => liveOf(client(), namesIn(channel)),
    injectStream: (channel) => streamOf(client(), namesIn(channel)),
    injectCommand: (command, options) => commandOf(client(), command, options),
    channel$: (channel, options) => observableOf(client(), channel, options),
  };
}
