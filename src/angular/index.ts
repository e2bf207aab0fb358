/** Angular bindings of the client: signals and Observables, with the client's delivery guarantees. */
export { injectRealtimeClient, provideRealtime, type ProvidedOptions } from './provider.js';
export { injectConnectionState, injectIdentity } from './connection.js';
export { injectChannel, injectChannelState, type InjectChannel, type InjectChannelOptions } from './channel.js';
export { injectEvents, type InjectEvents, type InjectEventsOptions } from './events.js';
export { injectHistory, type HistoryPages, type InjectHistory, type InjectHistoryOptions } from './history.js';
export { injectLive, type InjectLive } from './live.js';
export { injectOccupancy, injectPresence, injectPresenceState } from './presence.js';
export { channel$, type ChannelObservable, type ChannelObservableOptions } from './observable.js';
export { realtimeServer, type RealtimeServer } from './for-server.js';
export type { ChannelInput, ChannelName } from './channel-input.js';
export type { EventOn, KnownChannels, OneOrMany } from '../bindings/channel-names.js';
export type { History } from '../bindings/history-pager.js';
export type { JoinOptions } from '../bindings/join-channel.js';
export type { KnownStates } from '../bindings/live-source.js';
export type { LiveData, LiveSnapshot, LiveStatus } from '../client/live/index.js';
export { injectStream, type InjectStream } from './stream.js';
export type { KnownStreams, StreamView, StreamViewOf } from '../bindings/stream-source.js';
