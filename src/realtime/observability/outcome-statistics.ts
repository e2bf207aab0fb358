import { CounterMap } from './counter-map.js';
import { DurationBuckets, type DurationCount } from './duration-buckets.js';

/** Length of a period, in milliseconds. Rates and durations are those of this period and the one before. */
const PERIOD_MS = 60_000;

/** Operations that ended on one instance. */
export interface OutcomeReport {
  /** Number of ended operations by outcome, since the instance started. */
  readonly outcomes: readonly { readonly label: string; readonly count: number }[];
  /** Time in which the {@link recent} operations ended, in milliseconds. */
  readonly recentMs: number;
  readonly recent: readonly DurationCount[];
}

/** Operations that ended on all instances. */
export interface OutcomeSums {
  /** Number of ended operations since the instances started. */
  readonly total: number;
  /** These operations by outcome, the most frequent first. */
  readonly outcomes: OutcomeReport['outcomes'];
  /** Operations per second that ended in the last one to two minutes. */
  readonly perSecond: number;
  /** Durations of the same time. */
  readonly durationMs: { readonly p50: number; readonly p99: number } | null;
}

/** Counts operations of one kind on this instance, with their outcomes and recent durations. */
export class OutcomeStatistics {
  private readonly outcomes = new CounterMap();
  private current = new DurationBuckets();
  private previous: DurationBuckets | null = null;

  /** @param since `performance.now()` */
  constructor(private since: number) {}

  /** @param now `performance.now()` */
  ended(outcome: string, ms: number, now: number): void {
    this.outcomes.add(outcome);
    this.turn(now);
    this.current.record(ms);
  }

  report(now: number): OutcomeReport {
    this.turn(now);
    const recent = new DurationBuckets();
    recent.add(this.current.list());
    if (this.previous !== null) recent.add(this.previous.list());
    return {
      outcomes: [...this.outcomes].map(([label, count]) => ({ label, count })),
      recentMs: Math.max(1, Math.round(now - this.since + (this.previous === null ? 0 : PERIOD_MS))),
      recent: recent.list(),
    };
  }

  private turn(now: number): void {
    const periods = Math.floor((now - this.since) / PERIOD_MS);
    if (periods === 0) return;
    this.previous = periods === 1 ? this.current : new DurationBuckets();
    this.current = new DurationBuckets();
    this.since += periods * PERIOD_MS;
  }
}

/** Adds up the reports of several instances. */
export function sumOutcomes(reports: readonly OutcomeReport[]): OutcomeSums {
  const outcomes = new Map<string, number>();
  const durations = new DurationBuckets();
  let perSecond = 0;
  for (const report of reports) {
    durations.add(report.recent);
    for (const { label, count } of report.outcomes) outcomes.set(label, (outcomes.get(label) ?? 0) + count);
    perSecond += (report.recent.reduce((total, { count }) => total + count, 0) * 1_000) / report.recentMs;
  }
  return {
    total: [...outcomes.values()].reduce((total, count) => total + count, 0),
    outcomes: [...outcomes].map(([label, count]) => ({ label, count })).toSorted((a, b) => b.count - a.count),
    perSecond: Number(perSecond.toPrecision(3)),
    durationMs: durations.percentiles(),
  };
}
