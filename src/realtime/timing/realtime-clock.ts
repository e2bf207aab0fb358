import { Injectable } from '@nestjs/common';

/**
 * The clock for tokens, heartbeats, deadlines and tickets. It is the system clock, unless a test advances it with
 * `RealtimeTesting.clock`. Timestamps of frames always use the system clock.
 */
@Injectable()
export class RealtimeClock {
  private aheadMs = 0;
  private readonly advanced: (() => void)[] = [];

  /** Returns monotonic milliseconds, like `performance.now()`. */
  now(): number {
    return performance.now() + this.aheadMs;
  }

  /** Returns milliseconds since 1970, to compare with the expiry of tokens. */
  wall(): number {
    return Date.now() + this.aheadMs;
  }

  /** Registers a callback that is called after each advance. */
  onAdvance(callback: () => void): void {
    this.advanced.push(callback);
  }

  /**
   * Advances the time of this application only. Work that is due by then is done before this returns.
   * @throws RangeError if `byMs` is negative
   */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError(`Time only advances: byMs is ${byMs}, which is not a number of 0 or more`);
    this.aheadMs += byMs;
    for (const callback of this.advanced) callback();
  }
}
