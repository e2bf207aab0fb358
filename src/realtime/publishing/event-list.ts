import type { RealtimeEvents } from '../../protocol/index.js';
import { InvalidEventError } from './errors.js';
import type { EmitOptions } from './event-composer.js';

/** An event for `emitMany`: what `emit` takes. `E` is the event map. */
export type EventToEmit<E extends RealtimeEvents = RealtimeEvents> = {
  readonly [C in keyof E & string]: { readonly channel: C; readonly data: E[C]; readonly options?: EmitOptions };
}[keyof E & string];

interface Entry {
  readonly channel: string;
  readonly data: unknown;
  readonly options?: EmitOptions;
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
