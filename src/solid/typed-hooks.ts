import { useNamedChannels, useNamedEvents, type UseChannel, type UseEvents } from './channels.js';
import { useNamedHistory, type UseHistory } from './states.js';

/** The functions with channel names and event types, typed by an event map. */
export interface RealtimeHooks<E extends object> {
  readonly useChannel: UseChannel<E>;
  readonly useEvents: UseEvents<E>;
  readonly useHistory: UseHistory<E>;
}

/**
 * Returns `useChannel`, `useEvents` and `useHistory`, typed by a custom event map instead of `RealtimeEvents`, like
 * `createRealtimeClient<E>`. For pages that talk to two servers. Call it once, in a separate file.
 */
export function realtimeHooks<E extends object>(): RealtimeHooks<E> {
  return { useChannel: useNamedChannels, useEvents: useNamedEvents, useHistory: useNamedHistory };
}
