import { MAX_STREAM_FRAME_BYTES } from '../../protocol/index.js';
import type { StreamEnd } from './stream-store.js';

/** Maximum size of a result as JSON in bytes, and of a reason in characters. */
const MAX_RESULT_BYTES = 65_536;
const MAX_REASON_LENGTH = 1_000;

/**
 * Returns the end of a stream that is done.
 * @throws RangeError, TypeError if the result cannot be sent
 */
export function doneWith(result: unknown): StreamEnd {
  const json = result === undefined ? '{}' : JSON.stringify({ result });
  if (Buffer.byteLength(json) > MAX_RESULT_BYTES) {
    throw new RangeError(`The result of a stream must have at most ${MAX_RESULT_BYTES} bytes as JSON`);
  }
  return { state: 'done', json };
}

/** Returns the end of a stream that failed. */
export function failedWith(reason: string): StreamEnd {
  // Not by `slice`, which could leave half of a character.
  const sent =
    reason.length > MAX_REASON_LENGTH
      ? Array.from(reason.slice(0, 2 * MAX_REASON_LENGTH))
          .slice(0, MAX_REASON_LENGTH)
          .join('')
      : reason;
  return { state: 'failed', json: JSON.stringify({ reason: sent }) };
}

/**
 * Returns the line of a value in a stream of JSON lines.
 * @throws TypeError, RangeError if it cannot be sent
 */
export function lineOf(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError(`A value of type ${typeof value} has no JSON`);
  if (Buffer.byteLength(json) >= MAX_STREAM_FRAME_BYTES) {
    throw new RangeError(`An item must have less than ${MAX_STREAM_FRAME_BYTES} bytes as JSON: split it`);
  }
  return `${json}\n`;
}
