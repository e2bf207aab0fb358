import type { RealtimeEvents } from '../../protocol/index.js';
import { InvalidEventError } from './errors.js';
import type { EmitOptions } from './emit-options.js';

/** An event for `emitMany`: what `emit` takes. `E` is the event map. */
export type EventToEmit<E extends RealtimeEvents = RealtimeEvents> = {
  readonly [C in keyof E & string]: { readonly channel: C; readonly data: E[C]; readonly options?: EmitOptions };
}[keyof E & string];

/** Data that fits the channels `C` of the event map `E`, each of them. */
export type DataForAll<E, C extends keyof E> = (C extends unknown ? (data: E[C]) => void : never) extends (
  data: infer D,
) => void
  ? D
  : never;

/** An event of a list. Without TypeScript its parts can be any value. */
export interface Entry {
  readonly channel: string;
  readonly data: unknown;
  readonly options?: EmitOptions;
  /** Serialises the data, which several entries share. */
  readonly serialise?: () => string;
}

/**
 * Reads an entry of `emitMany`, which can be any value without TypeScript. Its channel, data and options are not validated. An entry
 * that is not an object has no channel.
 */
export function readEntry(entry: unknown): Entry {
  return typeof entry === 'object' && entry !== null ? (entry as Entry) : ({} as Entry);
}

/** Returns the error of an event with the position of the event in its list. */
export function inList(error: unknown, index: number): unknown {
  return error instanceof InvalidEventError ? new InvalidEventError(`[${index}].${error.field}`, error.problem) : error;
}

/** Returns a function that computes its value at the first call. */
export function once<T>(compute: () => T): () => T {
  let value: { readonly computed: T } | undefined;
  return () => (value ??= { computed: compute() }).computed;
}
