import { safely } from './run-safely.js';

/** The sampling interval, in milliseconds. */
const EVERY_MS = 50;
/** A delay is remembered for one to two of these, in milliseconds. */
const WINDOW_MS = 500;

/** Measures for how long the event loop was blocked recently, by the delay of a timer. */
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

  /** Takes in that the timer came now. */
  sample(now: number): void {
    this.worst = Math.max(this.worst, now - this.dueAt);
    if (now >= this.windowEndsAt) {
      this.worstBefore = this.worst;
      this.worst = 0;
      this.windowEndsAt = now + WINDOW_MS;
    }
    this.dueAt = now + EVERY_MS;
  }

  /** The longest delay within the last half to whole second, in milliseconds; one that is not over yet counts too. */
  recentMax(now: number): number {
    return Math.max(this.worst, this.worstBefore, now - this.dueAt, 0);
  }
}
