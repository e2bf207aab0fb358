/** Token bucket with `perSecond` tokens on average and a burst of twice as many. */
export class TokenBucket {
  readonly capacity: number;
  private level: number;
  private at: number;

  /** @param now milliseconds of a monotonic clock */
  constructor(
    private readonly perSecond: number,
    now: number,
  ) {
    this.capacity = 2 * perSecond;
    this.level = this.capacity;
    this.at = now;
  }

  /** Returns the number of tokens that are available now. */
  tokens(now: number): number {
    this.level = Math.min(this.capacity, this.level + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
    return this.level;
  }

  /** Takes a token. @returns false if none is available */
  take(now: number): boolean {
    if (this.tokens(now) < 1) return false;
    this.level -= 1;
    return true;
  }

  /** Takes `count` tokens even if they are not available. Later requests wait until the debt is paid. */
  owe(count: number): void {
    this.level -= count;
  }
}
