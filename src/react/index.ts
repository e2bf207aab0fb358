'use client';
/** React bindings of the client: a provider and hooks, with the client's delivery guarantees. */
export { RealtimeProvider, useNewRealtimeClient, useRealtimeClient, type RealtimeProviderProps } from './provider.js';
export { useCommand, type UseCommand, type UseCommandOptions } from './command.js';
export type { Command, CommandOf, CommandOptions } from '../bindings/command-source.js';
export type { CommandView } from '../bindings/command-state.js';
export { useConnectionState, useIdentity } from './connection.js';
export { useChannel, useChannelState, type UseChannel, type UseChannelOptions } from './channel.js';
export { useEvents, type UseEvents, type UseEventsOptions } from './events.js';
export { useOccupancy } from './occupancy.js';
export { useHistory, type LoadedHistory, type UseHistory, type UseHistoryOptions } from './history.js';
export type { History } from '../bindings/history-pager.js';
export { realtimeHooks, type RealtimeHooks } from './typed-hooks.js';
export { usePresence, usePresenceState } from './presence.js';
export type { EventOn, OneOrMany } from '../bindings/channel-names.js';
export type { AnyRealtimeClient } from '../bindings/any-client.js';
export type { JoinOptions } from '../bindings/join-channel.js';
