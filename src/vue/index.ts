/** Vue bindings of the client: a plugin and composables, with the client's delivery guarantees. */
export { createRealtimePlugin, provideRealtime, useNewRealtimeClient, useRealtimeClient } from './provide.js';
export { useChannel, useEvents } from './channels.js';
export type { UseChannel, UseChannelOptions, UseEvents, UseEventsOptions } from './channels.js';
export {
  useChannelState,
  useCommand,
  useConnectionState,
  useHistory,
  useIdentity,
  useOccupancy,
  usePresence,
  usePresenceState,
  type UseCommand,
  type UseHistory,
} from './states.js';
export { realtimeComposables, type RealtimeComposables } from './typed-composables.js';
export type { AnyRealtimeClient } from '../bindings/any-client.js';
export type { EventOn, KnownChannels, OneOrMany } from '../bindings/channel-names.js';
export type { History } from '../bindings/history-pager.js';
export type { Command, CommandName, CommandOf, CommandOptions } from '../bindings/command-source.js';
export type { CommandView } from '../bindings/command-state.js';
export type { JoinOptions } from '../bindings/join-channel.js';
export type { HistoryOptions, LoadedHistory } from '../bindings/state-sources.js';
export type { ChannelOptions } from '../bindings/used-channels.js';
export type { EventsOptions } from '../bindings/used-events.js';
