import type { Redis } from 'ioredis';

/** An answer that took longer than this may have been made long before it came, in milliseconds. */
const SLOW_MS = 1_000;

/**
 * Redis's clock minus ours, never too late: what is computed with it makes deadlines end early rather than late.
 * @param time the answer to TIME, seconds and microseconds; asked at `before`, there at `after` (`Date.now()`)
 */
export function offsetOf(time: readonly [string, string], before: number, after: number): number {
  const [seconds, micros] = time;
  const offset = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000) - after;
  return after - before > SLOW_MS ? offset - (after - before) : offset;
}

/** What time it is at Redis. */
export class RedisClock {
  private offsetMs = 0;

  async measure(node: Redis): Promise<void> {
    const before = Date.now();
    const time = (await node.time()) as unknown as [string, string];
    this.offsetMs = offsetOf(time, before, Date.now());
  }

  /** A moment of `performance.now()` as Redis's milliseconds. */
  at(moment: number): number {
    return Math.floor(Date.now() + (moment - performance.now()) + this.offsetMs);
  }
}
