/**
 * The event map: the payload of each channel. It types `emit` on the server and `channel()` in the client. It is empty, apart
 * from the private channels of users. An application adds its channels by declaration merging:
 *
 *     declare module 'nestjs-realtime' {
 *       interface RealtimeEvents { 'projects:created': { id: string; name: string } }
 *     }
 *
 * Clients declare theirs in `nestjs-realtime-client`. The entry point `platform-events` of both packages adds the built-in
 * channels. A payload can have more fields than the map names.
 */
export interface RealtimeEvents {
  [privateChannel: `user:${string}`]: unknown;
}

/** Name of a channel in the event map. */
export type ChannelName = keyof RealtimeEvents;

/** Payload of a channel's events. */
export type EventData<C extends ChannelName> = RealtimeEvents[C];
