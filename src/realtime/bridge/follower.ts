import { runSafely } from '../observability/run-safely.js';
import type { StreamOutput } from './channel-stream.js';

/** Takes what a channel of the instances' own carries. */
export interface Follower {
  /** The `data` of one event. */
  event(data: unknown): void | Promise<void>;
  /** Events were missed and cannot be had any more. */
  reset(): void;
}

/**
 * Hands a follower what its channel carries. Whoever can write to Redis can write anything: what a follower cannot take is
 * skipped.
 * @param skipped is told of that
 */
export function outputTo(follower: Follower, skipped: (error: unknown) => void): StreamOutput {
  const hand = async (bytes: Buffer): Promise<void> => {
    try {
      await follower.event((JSON.parse(bytes.toString()) as { data: unknown }).data);
    } catch (error) {
      skipped(error);
    }
  };
  return {
    deliver: (_topic, { bytes }) => runSafely('A message of another instance', () => hand(bytes)),
    reset: () => follower.reset(),
  };
}
