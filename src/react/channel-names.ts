import type { DataOf, KnownChannel, RealtimeEvent } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';

/** One channel, or several; a list may be written inline. */
export type Channels<C extends string, E extends object = RealtimeEvents> =
  (C & KnownChannel<E, C>) | readonly (C & KnownChannel<E, C>)[];

/** What arrives on one of these channels: `channel` tells which, and what `data` is. */
export type EventOn<C extends string, E extends object = RealtimeEvents> = C extends string
  ? RealtimeEvent<DataOf<E, C>> & { readonly channel: C }
  : never;

/** The same text for the same channels, so that an effect can depend on it; no name has a space. */
export function keyOf(channels: string | readonly string[]): string {
  return typeof channels === 'string' ? channels : channels.join(' ');
}

export function namesOf(key: string): string[] {
  return key === '' ? [] : [...new Set(key.split(' '))];
}
