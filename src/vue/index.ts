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
  useLive,
  useOccupancy,
  usePresence,
  usePresenceState,
  type UseCommand,
  type UseHistory,
  type UseLive,
} from './states.js';
export { realtimeComposables, type RealtimeComposables } from './typed-composables.js';
export type * from '../bindings/public-types.js';
export { useStream, type UseStream } from './stream.js';
export type { KnownStreams, StreamView, StreamViewOf } from '../bindings/stream-source.js';
