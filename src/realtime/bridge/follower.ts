import { runSafely } from '../observability/run-safely.js';
import { decode } from '../schemas/schema.js';
import { eventBodySchema } from '../schemas/event-body.js';
import type { StreamOutput } from './channel-stream.js';

/** The longest message that is parsed: a page of connections with the longest names is shorter. */
const MAX_BYTES = 16_777_216;

/** Takes what a channel of the instances' own carries. */
export interface Follower {
  /** The `data` of one event. */
  event(data: unknown): void | Promise<void>;
  /** Events were missed and cannot be recovered. */
  reset(): void;
}

/**
 * Decodes the events of a channel for a follower. Another program can write anything to Redis: events that cannot be
 * decoded are skipped.
 * @param skipped called with the error
 */
export function decodeFor(follower: Follower, skipped: (error: unknown) => void): StreamOutput {
  const hand = async (bytes: Buffer): Promise<void> => {
    try {
      if (bytes.length > MAX_BYTES) throw new Error(`it is longer than ${MAX_BYTES} bytes`);
      await follower.event(decode(eventBodySchema, bytes.toString()).data);
    } catch (error) {
      skipped(error);
    }
  };
  return {
    deliver: (_topic, { bytes }) => runSafely('A message of another instance', () => hand(bytes)),
    reset: () => follower.reset(),
  };
}
