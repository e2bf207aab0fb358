import { useNamedChannels, useNamedEvents, type UseChannel, type UseEvents } from './channels.js';
import { useNamedHistory, type UseHistory } from './states.js';

/** The composables with channel names and event types, typed by an event map. */
export interface RealtimeComposables<E extends object> {
  readonly useChannel: UseChannel<E>;
  readonly useEvents: UseEvents<E>;
  readonly useHistory: UseHistory<E>;
}

/**
 * Returns `useChannel`, `useEvents` and `useHistory`, typed by a custom event map instead of `RealtimeEvents`, like
 * `createRealtimeClient<E>`. For pages that talk to two servers. Call it once, in a separate file.
 */
export function realtimeComposables<E extends object>(): RealtimeComposables<E> {
  return { useChannel: useNamedChannels, useEvents: useNamedEvents, useHistory: useNamedHistory };
}
