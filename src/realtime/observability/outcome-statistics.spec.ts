import { DurationBuckets } from './duration-buckets.js';
import { OutcomeStatistics, sumOutcomes } from './outcome-statistics.js';

const MINUTE_MS = 60_000;

function durationsOf(statistics: OutcomeStatistics, now: number): DurationBuckets {
  const buckets = new DurationBuckets();
  buckets.add(statistics.report(now).recent);
  return buckets;
}

describe('DurationBuckets', () => {
  it('have percentiles that are exact to 10 %', () => {
    const buckets = new DurationBuckets();
    for (let ms = 1; ms <= 1_000; ms += 1) buckets.record(ms);
    const { p50, p99 } = buckets.percentiles()!;
    expect(p50 / 500).toBeCloseTo(1, 1);
    expect(p99 / 990).toBeCloseTo(1, 1);
  });

  it('accept any duration, and have no percentiles without one', () => {
    const buckets = new DurationBuckets();
    expect(buckets.percentiles()).toBeNull();
    for (const ms of [0, -1, Infinity]) buckets.record(ms);
    expect(buckets.size).toBe(3);
  });

  it('can be added up, and skip buckets that they do not have', () => {
    const [one, other] = [new DurationBuckets(), new DurationBuckets()];
    one.record(1);
    one.record(100);
    other.add([...one.list(), { bucket: 100_000, count: 1 }]);
    other.record(100);
    expect(other.list().map(({ count }) => count)).toEqual([1, 2]);
  });
});

describe('OutcomeStatistics', () => {
  it('keep durations for one to two minutes', () => {
    const statistics = new OutcomeStatistics(0);
    statistics.ended('succeeded', 5, 59_000);
    expect(durationsOf(statistics, 1.5 * MINUTE_MS).size).toBe(1);
    expect(statistics.report(1.5 * MINUTE_MS).recentMs).toBe(1.5 * MINUTE_MS);
    statistics.ended('succeeded', 5, 1.5 * MINUTE_MS);
    expect(durationsOf(statistics, 1.9 * MINUTE_MS).size).toBe(2);
    expect(durationsOf(statistics, 2 * MINUTE_MS).size).toBe(1);
    expect(durationsOf(statistics, 5 * MINUTE_MS).size).toBe(0);
    expect(statistics.report(5 * MINUTE_MS).outcomes).toEqual([{ label: 'succeeded', count: 2 }]);
  });

  it('are added up over instances, the most frequent outcome first', () => {
    const [one, other] = [new OutcomeStatistics(0), new OutcomeStatistics(0)];
    one.ended('conflict', 5, 10);
    for (const ms of [1, 1]) other.ended('succeeded', ms, 10);
    const { durationMs, ...sums } = sumOutcomes([one.report(1_000), other.report(2_000)]);
    expect(sums).toEqual({
      ...{ total: 3, perSecond: 2 },
      outcomes: [
        { label: 'succeeded', count: 2 },
        { label: 'conflict', count: 1 },
      ],
    });
    expect(durationMs!.p50).toBeCloseTo(1, 0);
    expect(sumOutcomes([]).durationMs).toBeNull();
  });
});
