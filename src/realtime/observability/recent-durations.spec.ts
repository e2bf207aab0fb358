import { RecentDurations, WINDOW_MS } from './recent-durations.js';

describe('RecentDurations', () => {
  it('are null before anything was recorded', () => {
    expect(new RecentDurations(WINDOW_MS).percentiles(0)).toBeNull();
  });

  it('have the median and the 99th percentile', () => {
    const durations = new RecentDurations(WINDOW_MS);
    for (let ms = 1; ms <= 1_000; ms += 1) durations.record(ms, 0);
    const { p50, p99 } = durations.percentiles(0)!;
    expect(Math.abs(p50 - 500)).toBeLessThan(10);
    expect(Math.abs(p99 - 990)).toBeLessThan(10);
  });

  it('count for one to two windows', () => {
    const durations = new RecentDurations(WINDOW_MS);
    durations.record(100, 0);
    durations.record(5, WINDOW_MS);
    expect(durations.percentiles(WINDOW_MS)!.p99).toBeGreaterThan(99);
    expect(durations.percentiles(2 * WINDOW_MS)).toEqual({ p50: 5, p99: 5 });
    expect(durations.percentiles(3 * WINDOW_MS)).toBeNull();
  });

  it('are forgotten if they are not read for two windows', () => {
    const durations = new RecentDurations(WINDOW_MS);
    durations.record(100, 0);
    expect(durations.percentiles(2 * WINDOW_MS)).toBeNull();
  });

  it('are limited to the range of the histogram', () => {
    const durations = new RecentDurations(WINDOW_MS);
    durations.record(0, 0);
    expect(durations.percentiles(0)).toEqual({ p50: 0, p99: 0 });
    durations.record(1e9, 0);
    expect(durations.percentiles(0)!.p99).toBeGreaterThan(3_500_000);
  });
});
