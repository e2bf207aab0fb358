import { CounterMap } from '../observability/counter-map.js';
import { DurationBuckets, type DurationCount } from './duration-buckets.js';

/** Length of a period, in milliseconds. Rates and durations are those of this period and the one before. */
const PERIOD_MS = 60_000;

/** Calls of one command on one instance. */
export interface CommandReport {
  readonly command: string;
  readonly once: boolean;
  readonly anonymous: boolean;
  readonly running: number;
  /** Ended calls by outcome since the instance started: `succeeded`, or the error code. */
  readonly outcomes: readonly { readonly label: string; readonly count: number }[];
  /** Repetitions among them, which got the outcome of an earlier call. */
  readonly repeated: number;
  /** Time in which the {@link recent} calls ended, in milliseconds. */
  readonly recentMs: number;
  readonly recent: readonly DurationCount[];
}

/** Counts the calls of one command on this instance. */
export class CommandStatistics {
  running = 0;
  private readonly outcomes = new CounterMap();
  private repeated = 0;
  private since: number;
  private current = new DurationBuckets();
  private previous: DurationBuckets | null = null;

  /** @param now `performance.now()` */
  constructor(
    private readonly command: Pick<CommandReport, 'command' | 'once' | 'anonymous'>,
    now: number,
  ) {
    this.since = now;
  }

  ended(outcome: string, isRepetition: boolean, ms: number, now: number): void {
    this.running -= 1;
    this.outcomes.add(outcome);
    if (isRepetition) this.repeated += 1;
    this.turn(now);
    this.current.record(ms);
  }

  report(now: number): CommandReport {
    this.turn(now);
    const recent = new DurationBuckets();
    recent.add(this.current.list());
    if (this.previous !== null) recent.add(this.previous.list());
    const { command, running, repeated } = this;
    return {
      ...{ ...command, running, repeated, recent: recent.list() },
      outcomes: [...this.outcomes].map(([label, count]) => ({ label, count })),
      recentMs: Math.max(1, Math.round(now - this.since + (this.previous === null ? 0 : PERIOD_MS))),
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
