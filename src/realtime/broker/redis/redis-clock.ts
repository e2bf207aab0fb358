import type { Redis } from 'ioredis';

/**
 * Redis's clock minus `performance.now()`, from one answer to TIME. Redis answered at an unknown moment between `before` and
 * `after`, so the offset has a lowest and a highest possible value. The known offset is kept if it is possible: a slow answer,
 * for example of a process that was frozen, says less than an earlier fast one. Otherwise the offset is the lowest possible
 * value, so that a deadline computed with it ends early rather than late.
 * @param time the answer to TIME: seconds and microseconds
 */
export function offsetOf(time: readonly [string, string], before: number, after: number, known: number | null): number {
  const [seconds, micros] = time;
  const redisMs = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  return known !== null && known >= redisMs - after && known <= redisMs - before ? known : redisMs - after;
}

/**
 * Converts moments of this process into Redis's time. It uses `performance.now()`, which only advances, because the system clock
 * can be set while an event is on its way.
 */
export class RedisClock {
  private offsetMs: number | null = null;

  async measure(node: Redis): Promise<void> {
    const before = performance.now();
    const time = (await node.time()) as unknown as [string, string];
    this.offsetMs = offsetOf(time, before, performance.now(), this.offsetMs);
  }

  /** A moment of `performance.now()` as Redis's milliseconds. Call it after the first `measure`. */
  at(moment: number): number {
    return Math.floor(moment + (this.offsetMs ?? 0));
  }
}
