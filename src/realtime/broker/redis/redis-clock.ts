import type { Redis } from 'ioredis';

/** An answer that took longer than this may have been made long before it came, in milliseconds. */
const SLOW_MS = 1_000;

/**
 * Redis's clock minus `performance.now()`, never too late: a deadline that is computed with it ends early rather than late. The
 * clock of this process only advances; the system's may be set while an event is on its way.
 * @param time the answer to TIME, seconds and microseconds; asked at `before`, there at `after`
 */
export function offsetOf(time: readonly [string, string], before: number, after: number): number {
  const [seconds, micros] = time;
  const offset = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000) - after;
  return after - before > SLOW_MS ? offset - (after - before) : offset;
}

/** Converts moments of this process into Redis's time. */
export class RedisClock {
  private offsetMs = 0;

  async measure(node: Redis): Promise<void> {
    const before = performance.now();
    const time = (await node.time()) as unknown as [string, string];
    this.offsetMs = offsetOf(time, before, performance.now());
  }

  /** A moment of `performance.now()` as Redis's milliseconds. */
  at(moment: number): number {
    return Math.floor(moment + this.offsetMs);
  }
}
