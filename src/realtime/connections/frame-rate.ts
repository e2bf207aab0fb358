/**
 * A token bucket for the frames of one connection: `perSecond` on average, twice as many at once.
 * Going on after refusals is counted too: as many refusals in a row as a full bucket holds, without a pause long enough
 * to refill it by half, is more than a client that slips over the rate.
 */
export class FrameRate {
  private tokens: number;
  private refused = 0;
  private at: number;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(
    private readonly perSecond: number,
    now: number,
  ) {
    this.tokens = this.capacity;
    this.at = now;
  }

  /** Whether one more frame may be handled now. */
  take(now: number): boolean {
    this.tokens = Math.min(this.capacity, this.tokens + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
    if (this.tokens >= this.capacity / 2) this.refused = 0;
    if (this.tokens < 1) {
      this.refused += 1;
      return false;
    }
    this.tokens -= 1;
    return true;
  }

  /** Whether the sender went on after being refused, for so long that it has to be closed. */
  get flooding(): boolean {
    return this.refused >= this.capacity;
  }

  private get capacity(): number {
    return 2 * this.perSecond;
  }
}
