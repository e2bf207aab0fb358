/** Solid bindings of the client: a provider and functions, with the client's delivery guarantees. */
export {
  RealtimeProvider,
  useNewRealtimeClient,
  useRealtimeClient,
  type MaybeAccessor,
  type RealtimeProviderProps,
} from './provide.js';
export { useChannel, useEvents } from './channels.js';
export type { UseChannel, UseChannelOptions, UseEvents, UseEventsOptions } from './channels.js';
export {
  useChannelState,
  useConnectionState,
  useHistory,
  useIdentity,
  useOccupancy,
  usePresence,
  usePresenceState,
  type UseHistory,
} from './states.js';
export { realtimeHooks, type RealtimeHooks } from './typed-hooks.js';
export type { AnyRealtimeClient } from '../bindings/any-client.js';
export type { EventOn, KnownChannels, OneOrMany } from '../bindings/channel-names.js';
export type { History } from '../bindings/history-pager.js';
export type { JoinOptions } from '../bindings/join-channel.js';
export type { HistoryOptions, LoadedHistory } from '../bindings/state-sources.js';
export type { ChannelOptions } from '../bindings/used-channels.js';
export type { EventsOptions } from '../bindings/used-events.js';
