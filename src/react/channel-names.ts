import type { DataOf, RealtimeEvent } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';

/**
 * One channel, or several; a list may be written inline. Signatures say `OneOrMany<C & KnownChannel<E, C>>`, because the
 * compiler prints only the outermost alias, and has to print what is wrong with an unknown channel.
 */
export type OneOrMany<C extends string> = C | readonly C[];

/** What arrives on one of these channels: `channel` tells which, and what `data` is. */
export type EventOn<C extends string, E extends object = RealtimeEvents> = C extends string
  ? RealtimeEvent<DataOf<E, C>> & { readonly channel: C }
  : never;

/** The same string for the same names, so that an effect can depend on it. */
export function keyOf(names: string | readonly string[]): string {
  return JSON.stringify(Array.isArray(names) ? names : [names]);
}

/** The names in a key, without repetitions. */
export function namesOf(key: string): string[] {
  return [...new Set(JSON.parse(key) as string[])];
}
