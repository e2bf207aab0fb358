/** Counts what may happen at most so often within a window; the window begins with the first and ends by itself. */
export class Strikes {
  private count = 0;
  private since = 0;

  constructor(
    private readonly allowed: number,
    private readonly windowMs: number,
  ) {}

  /** Counts one more. @returns whether that was one too many */
  add(now: number): boolean {
    if (this.count === 0 || now - this.since >= this.windowMs) {
      this.count = 0;
      this.since = now;
    }
    this.count += 1;
    return this.count > this.allowed;
  }
}
