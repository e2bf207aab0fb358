import { useNamedChannels, type UseChannel } from './channel.js';
import { useNamedEvents, type UseEvents } from './events.js';

/** The hooks that know names and events, of one map. */
export interface RealtimeHooks<E extends object> {
  readonly useChannel: UseChannel<E>;
  readonly useEvents: UseEvents<E>;
}

/**
 * `useChannel` and `useEvents`, typed by a custom map instead of `RealtimeEvents`, as `createRealtimeClient<E>` is: for
 * pages that speak with two servers. Call it once, in a file of its own.
 */
export function realtimeHooks<E extends object>(): RealtimeHooks<E> {
  return { useChannel: useNamedChannels, useEvents: useNamedEvents };
}
