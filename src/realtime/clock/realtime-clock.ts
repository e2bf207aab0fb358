import { Injectable } from '@nestjs/common';

/**
 * What time it is for tokens, heartbeats, deadlines and tickets. It is the system's time, unless a test turns it ahead:
 * `RealtimeTesting.clock` does. Timestamps of frames are the system's in any case.
 */
@Injectable()
export class RealtimeClock {
  private aheadMs = 0;
  private readonly onTurned: (() => void)[] = [];

  /** Milliseconds that only go forward, as `performance.now()` counts them. */
  now(): number {
    return performance.now() + this.aheadMs;
  }

  /** Milliseconds since 1970, by which tokens end. */
  wall(): number {
    return Date.now() + this.aheadMs;
  }

  /** Calls back whenever the time was turned ahead. */
  onTurn(callback: () => void): void {
    this.onTurned.push(callback);
  }

  /** Turns the time ahead, for this application alone. What is due by then is done before this returns. @throws RangeError for a way back */
  turnAhead(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError(`Time goes forward only: by ${byMs} ms it cannot be turned`);
    this.aheadMs += byMs;
    for (const callback of this.onTurned) callback();
  }
}
