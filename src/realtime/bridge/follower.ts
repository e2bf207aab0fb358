import { runSafely } from '../observability/run-safely.js';
import { decode } from '../schemas/schema.js';
import { eventBodySchema } from '../schemas/event-body.js';
import type { StreamOutput } from './channel-stream.js';

/** Maximum size of a message that is parsed, in bytes. The largest page of connections is smaller. */
const MAX_BYTES = 16_777_216;

/** Receives the messages of an internal channel between instances. */
export interface Follower {
  /** Handles the `data` of one event. */
  event(data: unknown): void | Promise<void>;
  /** Handles lost events that cannot be recovered. */
  reset(): void;
}

/**
 * Decodes the events of a channel for a follower. Events that cannot be decoded are skipped: another program can write anything
 * to Redis.
 * @param skipped called with the error
 */
export function decodeFor(follower: Follower, skipped: (error: unknown) => void): StreamOutput {
  const forward = async (bytes: Buffer): Promise<void> => {
    try {
      if (bytes.length > MAX_BYTES) throw new Error(`it is longer than ${MAX_BYTES} bytes`);
      await follower.event(decode(eventBodySchema, bytes.toString()).data);
    } catch (error) {
      skipped(error);
    }
  };
  return {
    deliver: (_topic, { bytes }) => runSafely('A message of another instance', () => forward(bytes)),
    reset: () => follower.reset(),
  };
}
