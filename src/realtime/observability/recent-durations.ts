import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Durations count for one to two windows of this length, in milliseconds. */
export const WINDOW_MS = 10_000;

/** Microseconds up to an hour, with two significant digits. */
const RANGE = { lowest: 1, highest: 3_600_000_000, figures: 2 };

/** Percentiles of recent durations, in little memory. */
export class RecentDurations {
  private current = createHistogram(RANGE);
  private before = createHistogram(RANGE);

  /** @param turnsAt end of the current window (`performance.now()`) */
  constructor(private turnsAt: number) {}

  /** @param now `performance.now()` */
  record(milliseconds: number, now: number): void {
    this.turn(now);
    this.current.record(Math.min(RANGE.highest, Math.max(RANGE.lowest, Math.round(milliseconds * 1_000))));
  }

  /** Returns percentiles in milliseconds; `null` if nothing was recorded recently. */
  percentiles(now: number): { readonly p50: number; readonly p99: number } | null {
    this.turn(now);
    const all = createHistogram(RANGE);
    all.add(this.before);
    all.add(this.current);
    if (all.count === 0) return null;
    return { p50: inMilliseconds(all, 50), p99: inMilliseconds(all, 99) };
  }

  private turn(now: number): void {
    if (now < this.turnsAt) return;
    const old = this.before;
    this.before = this.current;
    this.current = old;
    this.current.reset();
    if (now >= this.turnsAt + WINDOW_MS) this.before.reset(); // the previous window is too old
    this.turnsAt = now + WINDOW_MS;
  }
}

/** Rounds to one decimal, because event timestamps have whole milliseconds. */
function inMilliseconds(histogram: RecordableHistogram, percentile: number): number {
  return Math.round(histogram.percentile(percentile) / 100) / 10;
}
