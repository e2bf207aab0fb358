import type { Redis } from 'ioredis';

/**
 * Returns Redis's clock minus `performance.now()`, computed from one reply to TIME. Redis replied at an unknown moment between
 * `before` and `after`, so the offset has a minimum and a maximum. The known offset is kept if it lies between them: a slow
 * reply, for example in a process that was suspended, is less precise than an earlier fast one. Otherwise the minimum is used, so
 * that deadlines computed with it end early rather than late.
 * @param time the reply to TIME: seconds and microseconds
 */
export function offsetOf(time: readonly [string, string], before: number, after: number, known: number | null): number {
  const [seconds, micros] = time;
  const redisMs = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  return known !== null && known >= redisMs - after && known <= redisMs - before ? known : redisMs - after;
}

/**
 * Converts times of this process into Redis's time. It is based on `performance.now()`, which is monotonic: the system clock can
 * be set while an event is in flight.
 */
export class RedisClock {
  private offsetMs: number | null = null;

  async measure(node: Redis): Promise<void> {
    const before = performance.now();
    const time = (await node.time()) as unknown as [string, string];
    this.offsetMs = offsetOf(time, before, performance.now(), this.offsetMs);
  }

  /** Converts a `performance.now()` time into Redis's milliseconds. Call it after the first `measure`. */
  at(moment: number): number {
    return Math.floor(moment + (this.offsetMs ?? 0));
  }
}
