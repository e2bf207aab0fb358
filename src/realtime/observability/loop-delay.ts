import { safely } from './run-safely.js';

/** Sampling interval, in milliseconds. */
const EVERY_MS = 50;
/** A delay is remembered for one to two windows of this length, in milliseconds. */
const WINDOW_MS = 500;

/** Measures how long the event loop was blocked recently, by the delay of a timer. */
export class LoopDelay {
  private timer: NodeJS.Timeout | null = null;
  private dueAt = Infinity;
  private windowEndsAt = 0;
  private worst = 0;
  private worstBefore = 0;

  start(now: number): void {
    if (this.timer !== null) return;
    this.dueAt = now + EVERY_MS;
    this.windowEndsAt = now + WINDOW_MS;
    this.timer = setInterval(
      safely('Measuring the event loop', () => this.sample(performance.now())),
      EVERY_MS,
    ).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.dueAt = Infinity;
  }

  /** Records that the timer fired now. */
  sample(now: number): void {
    this.worst = Math.max(this.worst, now - this.dueAt);
    if (now >= this.windowEndsAt) {
      this.worstBefore = this.worst;
      this.worst = 0;
      this.windowEndsAt = now + WINDOW_MS;
    }
    this.dueAt = now + EVERY_MS;
  }

  /**
   * Returns the maximum delay within the last half second to second, in milliseconds. It includes a delay that is not
   * over yet.
   */
  recentMax(now: number): number {
    return Math.max(this.worst, this.worstBefore, now - this.dueAt, 0);
  }
}
