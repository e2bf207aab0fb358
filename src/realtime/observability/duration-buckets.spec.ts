import { BUCKETS, DurationBuckets } from './duration-buckets.js';

const bucketsOf = (...durations: number[]): DurationBuckets => {
  const buckets = new DurationBuckets();
  for (const ms of durations) buckets.record(ms);
  return buckets;
};

describe('DurationBuckets', () => {
  it('have no percentiles without durations', () => expect(new DurationBuckets().percentiles()).toBeNull());

  it.each([0.016, 0.5, 1, 7, 100, 2_345, 60_000, 4_000_000])('are exact to 9 %% for %d ms', (ms) => {
    const { p50, p99 } = bucketsOf(ms).percentiles()!;
    expect(p50).toBe(p99);
    expect(Math.abs(p50 / ms - 1)).toBeLessThan(0.095);
  });

  it('count shorter and longer durations in the first and the last bucket', () => {
    expect(bucketsOf(0, -1, 0.001, Infinity).list()).toEqual([
      { bucket: 0, count: 3 },
      { bucket: BUCKETS - 1, count: 1 },
    ]);
  });

  it('find the median and the 99th percentile', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => (index < 51 ? 1 : index < 99 ? 16 : 1_024));
    expect(bucketsOf(...hundred).percentiles()).toEqual({ p50: 1, p99: 16 });
    expect(bucketsOf(...hundred, 1_024, 1_024).percentiles()).toEqual({ p50: 1, p99: 1_020 });
    expect(bucketsOf(1, 4).percentiles()).toEqual({ p50: 1, p99: 4 });
  });

  it('add up over instances, and ignore buckets that no instance has', () => {
    const all = bucketsOf(1);
    all.add(bucketsOf(1, 8).list());
    all.add([{ bucket: BUCKETS, count: 5 }]);
    expect([all.size, all.percentiles()]).toEqual([3, { p50: 1, p99: 8 }]);
  });
});
