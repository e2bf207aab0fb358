'use client';
/** The client as React has it: a provider and hooks. What they promise is the client's promise. */
export {
  RealtimeProvider,
  useNewRealtimeClient,
  useRealtimeClient,
  type AnyRealtimeClient,
  type RealtimeProviderProps,
} from './provider.js';
export { useConnectionState, useIdentity } from './connection.js';
export { useChannel, useChannelState, type UseChannel, type UseChannelOptions } from './channel.js';
export { useEvents, type UseEvents, type UseEventsOptions } from './events.js';
export { realtimeHooks, type RealtimeHooks } from './typed-hooks.js';
export { usePresence } from './presence.js';
export type { EventOn, OneOrMany } from './channel-names.js';
