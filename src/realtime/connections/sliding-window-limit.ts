/** Limits how often something can happen within a sliding window. */
export class SlidingWindowLimit {
  /** Times of the last occurrences, at most one more than allowed. Allocated on first use. */
  private times: number[] | null = null;

  constructor(
    private readonly max: number,
    private readonly windowMs: number,
  ) {}

  /**
   * Counts one occurrence.
   * @returns true if the limit is exceeded
   */
  isExceeded(now: number): boolean {
    const times = (this.times ??= []);
    times.push(now);
    if (times.length <= this.max) return false;
    return now - times.splice(0, times.length - this.max)[0]! < this.windowMs;
  }
}
