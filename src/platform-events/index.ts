/**
 * Adds the built-in channels to the event map, for the server and the client. It has no code. Without this import the map has the
 * channels of the application alone, so that `users:created` can have a custom type.
 */
import type { PlatformEvents } from '../protocol/platform-events.js';

declare module '../protocol/events.js' {
  interface RealtimeEvents extends PlatformEvents {}
}

export type { PlatformEvents };
