import type { DataOf, KnownChannel, RealtimeEvent, UnknownChannel } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';

/**
 * One channel, or several; a list can be written inline. Signatures use `OneOrMany<C & KnownChannel<E, C>>`: the
 * compiler prints only the outermost alias, and must print the reason why a channel is unknown.
 */
export type OneOrMany<C extends string> = C | readonly C[];

/**
 * Checks channels that a function can return too: `ChannelInput<C> & KnownChannels<E, C>`. `OneOrMany` above cannot be
 * inferred from a function.
 */
export type KnownChannels<E, C extends string> = [C] extends [KnownChannel<E, C>]
  ? unknown
  : UnknownChannel<Exclude<C, keyof E>>;

/** An event of one of these channels. `channel` determines the type of `data`. */
export type EventOn<C extends string, E extends object = RealtimeEvents> = C extends string
  ? RealtimeEvent<DataOf<E, C>> & { readonly channel: C }
  : never;

/** Returns a stable string for a list of names, for dependency lists of effects. */
export function keyOf(names: string | readonly string[]): string {
  return JSON.stringify(Array.isArray(names) ? names : [names]);
}

/** Returns the names in a key, without duplicates. */
export function namesOf(key: string): string[] {
  return [...new Set(JSON.parse(key) as string[])];
}
