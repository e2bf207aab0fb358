import { CommandStatistics } from './command-statistics.js';
import { DurationBuckets } from './duration-buckets.js';

const MINUTE_MS = 60_000;
const COMMAND = { command: 'apps.rename', once: true, anonymous: false };

function durationsOf(statistics: CommandStatistics, now: number): DurationBuckets {
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

describe('CommandStatistics', () => {
  it('count calls by outcome since the start, and those that run', () => {
    const statistics = new CommandStatistics(COMMAND, 0);
    statistics.running += 3;
    statistics.ended('succeeded', false, 5, 10);
    statistics.ended('conflict', true, 5, 20);
    expect(statistics.report(1_000)).toMatchObject({
      ...{ ...COMMAND, running: 1, repeated: 1, recentMs: 1_000 },
      outcomes: [
        { label: 'succeeded', count: 1 },
        { label: 'conflict', count: 1 },
      ],
    });
  });

  it('keep durations for one to two minutes', () => {
    const statistics = new CommandStatistics(COMMAND, 0);
    statistics.ended('succeeded', false, 5, 59_000);
    expect(durationsOf(statistics, 1.5 * MINUTE_MS).size).toBe(1);
    expect(statistics.report(1.5 * MINUTE_MS).recentMs).toBe(1.5 * MINUTE_MS);
    statistics.ended('succeeded', false, 5, 1.5 * MINUTE_MS);
    expect(durationsOf(statistics, 1.9 * MINUTE_MS).size).toBe(2);
    expect(durationsOf(statistics, 2 * MINUTE_MS).size).toBe(1);
    expect(durationsOf(statistics, 5 * MINUTE_MS).size).toBe(0);
    expect(statistics.report(5 * MINUTE_MS).outcomes).toEqual([{ label: 'succeeded', count: 2 }]);
  });
});
