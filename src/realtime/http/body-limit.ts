import type { BodyLimit } from './read-body.js';
import { MAX_BATCH } from './publish-body.js';

/** Size of an event without its data, in bytes: its other fields, and the JSON around them. */
const ENVELOPE_BYTES = 2_048;
/**
 * Maximum size of a list of events, in bytes. Parsing blocks the event loop: a body of 67 MB that consisted of `[` took
 * 5.7 s of CPU. The queue of events that wait for Redis holds 32 MB.
 */
const MAX_BATCH_BYTES = 8_000_000;
/** Factor by which JSON grows if every non-ASCII character is escaped, as Python does by default. */
const ESCAPED = 3;

/**
 * Returns the maximum body size of `POST /realtime/events`, in bytes: a full batch of events of `maxEventBytes`, up to 8
 * MB. One event of `maxEventBytes` always fits, even if its JSON is escaped.
 */
export function maxBodyBytes({ maxEventBytes }: { readonly maxEventBytes: number }): number {
  const batch = MAX_BATCH * (maxEventBytes + ENVELOPE_BYTES);
  return Math.max(maxEventBytes * ESCAPED + ENVELOPE_BYTES, Math.min(batch, MAX_BATCH_BYTES));
}

/** Returns the limit of a list of events. */
export function eventsLimit(options: { readonly maxEventBytes: number }): BodyLimit {
  return { bytes: maxBodyBytes(options), of: 'events', option: 'maxEventBytes' };
}
