import { Injectable } from '@nestjs/common';

/**
 * The clock for tokens, heartbeats, deadlines and tickets. It is the system clock, unless a test advances it with
 * `RealtimeTesting.clock`. Timestamps of frames always use the system clock.
 */
@Injectable()
export class RealtimeClock {
  private aheadMs = 0;
  private readonly advanced: (() => void)[] = [];

  /** Milliseconds that only go forward, as `performance.now()` counts them. */
  now(): number {
    return performance.now() + this.aheadMs;
  }

  /** Milliseconds since 1970, by which tokens end. */
  wall(): number {
    return Date.now() + this.aheadMs;
  }

  /** Calls back after each advance. */
  onAdvance(callback: () => void): void {
    this.advanced.push(callback);
  }

  /** Advances the time of this application only. Work that is due by then is done before this returns. @throws RangeError if `byMs` is negative */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError(`Time only advances: byMs is ${byMs}, which is not a number of 0 or more`);
    this.aheadMs += byMs;
    for (const callback of this.advanced) callback();
  }
}
