import { OutcomeStatistics, type OutcomeReport } from '../observability/outcome-statistics.js';

/** Calls of one command on one instance. An outcome is `succeeded`, or the error code. */
export interface CommandReport extends OutcomeReport {
  readonly command: string;
  readonly once: boolean;
  readonly anonymous: boolean;
  readonly running: number;
  /** Repetitions among the ended calls, which got the outcome of an earlier call. */
  readonly repeated: number;
}

/** Counts the calls of one command on this instance. */
export class CommandStatistics {
  running = 0;
  private readonly calls: OutcomeStatistics;
  private repeated = 0;

  /** @param now `performance.now()` */
  constructor(
    private readonly command: Pick<CommandReport, 'command' | 'once' | 'anonymous'>,
    now: number,
  ) {
    this.calls = new OutcomeStatistics(now);
  }

  ended(outcome: string, isRepetition: boolean, ms: number, now: number): void {
    this.running -= 1;
    if (isRepetition) this.repeated += 1;
    this.calls.ended(outcome, ms, now);
  }

  report(now: number): CommandReport {
    const { command, running, repeated } = this;
    return { ...command, running, repeated, ...this.calls.report(now) };
  }
}
