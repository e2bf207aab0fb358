import { MAX_BATCH } from './publish-body.js';

/** The fields of an event beside its data, and the characters of JSON around them, in bytes. */
const ENVELOPE_BYTES = 2_048;
/**
 * The largest list of events, in bytes. Parsing holds the event loop: a body of 67 MB that was nothing but `[` took 5.7 s of
 * CPU. And what waits for Redis holds 32 MB.
 */
const MAX_BATCH_BYTES = 8_000_000;
/** JSON that escapes every character beyond ASCII is this many times as long, as Python writes it by default. */
const ESCAPED = 3;

/**
 * The largest body of `POST /realtime/events`, in bytes: a full batch of events of `maxEventBytes`, up to 8 MB; one
 * event of `maxEventBytes` always fits, however its JSON is escaped.
 */
export function maxBodyBytes({ maxEventBytes }: { readonly maxEventBytes: number }): number {
  const batch = MAX_BATCH * (maxEventBytes + ENVELOPE_BYTES);
  return Math.max(maxEventBytes * ESCAPED + ENVELOPE_BYTES, Math.min(batch, MAX_BATCH_BYTES));
}
