import { durationText } from '../duration.js';
import type { Problem } from '../network-problem.js';

/** A time of the server's clock, and the local time at which it was read. Milliseconds. */
export interface ClockSample {
  readonly server: number;
  readonly local: number;
  /** Maximum error of the difference. */
  readonly error: number;
}

/** Differences below this do not disturb tokens. */
const HARMLESS_MS = 2_000;

/** Returns the sample with the smallest error. */
export function bestOf(samples: readonly ClockSample[]): ClockSample | null {
  return samples.reduce<ClockSample | null>(
    (best, one) => (best !== null && best.error <= one.error ? best : one),
    null,
  );
}

/** Returns by how much the server's clock is ahead of the local one, in milliseconds; negative if it is behind. */
export function aheadBy({ server, local }: ClockSample): number {
  return server - local;
}

/** Describes the difference of the clocks. @returns a string if it is harmless */
export function clockFinding(sample: ClockSample): string | Problem {
  const ahead = aheadBy(sample);
  if (Math.abs(ahead) <= Math.max(HARMLESS_MS, sample.error))
    return `the server's clock agrees with this machine's (within ${durationText(Math.abs(ahead) + sample.error)})`;
  const side = ahead > 0 ? 'ahead of' : 'behind';
  return {
    problem: `the server's clock is ${durationText(ahead)} ${side} this machine's`,
    advice: [
      'One of them is wrong: check NTP on both. Tokens of an issuer with another clock expire too early or are not',
      'valid yet, and the moments of events are wrong.',
    ],
  };
}
