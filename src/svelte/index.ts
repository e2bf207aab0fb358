/** Svelte bindings of the client: values for runes and stores, with the client's delivery guarantees. */
export { provideRealtime, useNewRealtimeClient, useRealtimeClient } from './provide.js';
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
export type { MaybeGetter, RealtimeValue } from './realtime-value.js';
export { realtimeStores, type RealtimeStores } from './typed-stores.js';
export type * from '../bindings/public-types.js';
export { useStream, type UseStream } from './stream.js';
export type { KnownStreams, StreamView, StreamViewOf } from '../bindings/stream-source.js';
