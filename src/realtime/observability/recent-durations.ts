import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Durations count for one to two of these, in milliseconds. */
export const WINDOW_MS = 10_000;

/** Microseconds, to two digits, up to an hour. */
const RANGE = { lowest: 1, highest: 3_600_000_000, figures: 2 };

/** The percentiles of durations of late, in little memory. */
export class RecentDurations {
  private current = createHistogram(RANGE);
  private before = createHistogram(RANGE);

  /** @param turnsAt when the window turns next (`performance.now()`) */
  constructor(private turnsAt: number) {}

  /** @param now `performance.now()` */
  record(milliseconds: number, now: number): void {
    this.turn(now);
    this.current.record(Math.min(RANGE.highest, Math.max(RANGE.lowest, Math.round(milliseconds * 1_000))));
  }

  /** In milliseconds; `null` where nothing was recorded of late. */
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
    if (now >= this.turnsAt + WINDOW_MS) this.before.reset(); // it was not read for longer than a window
    this.turnsAt = now + WINDOW_MS;
  }
}

/** To one decimal: event timestamps have whole milliseconds. */
function inMilliseconds(histogram: RecordableHistogram, percentile: number): number {
  return Math.round(histogram.percentile(percentile) / 100) / 10;
}
