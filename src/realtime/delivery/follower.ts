import { runSafely } from '../observability/run-safely.js';
import type { RawOutput } from './channel-stream.js';

/** Maximum size of a message that is parsed, in characters. The largest page of connections is smaller. */
const MAX_LENGTH = 16_777_216;

/** Receives the messages of an internal topic between instances. */
export interface Follower {
  /** Handles the body of one message. If it throws, the message is skipped and counted. */
  take(body: string): void | Promise<void>;
  /** Handles lost messages that cannot be recovered. */
  reset(): void;
}

/**
 * Passes the bodies of a stream to a follower. Messages that it cannot read are skipped: another program can write anything to
 * Redis.
 * @param skipped called with the error
 */
export function outputFor(follower: Follower, skipped: (error: unknown) => void): RawOutput {
  const forward = async (body: string): Promise<void> => {
    try {
      if (body.length > MAX_LENGTH) throw new Error(`it is longer than ${MAX_LENGTH} characters`);
      await follower.take(body);
    } catch (error) {
      skipped(error);
    }
  };
  return {
    take: (body) => runSafely('A message of another instance', () => forward(body)),
    reset: () => follower.reset(),
  };
}
