/** Lets through `perSecond` on average, and twice as many at once. */
export class TokenBucket {
  readonly capacity: number;
  private level: number;
  private at: number;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(
    private readonly perSecond: number,
    now: number,
  ) {
    this.capacity = 2 * perSecond;
    this.level = this.capacity;
    this.at = now;
  }

  /** The tokens that are available now. */
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

  /** Counts what has come already, whether there was room for it or not: what follows waits for as long as that takes. */
  owe(count: number): void {
    this.level -= count;
  }
}
