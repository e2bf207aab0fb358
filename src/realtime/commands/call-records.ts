import type { AuditLog } from '../gateway/audit/audit-log.service.js';
import type { Counters } from '../observability/counters.js';
import { beginCall, type CallSpan } from '../observability/tracing.js';
import type { CallOutcome } from './call-outcome.js';
import type { CommandStatistics } from './command-statistics.js';
import type { RunningCall } from './running-call.js';

/** The record of a call that runs. */
export interface CallRecord {
  /** The span of the call; `null` if it is not traced. */
  readonly span: CallSpan | null;
  /** Records the end of the call. */
  end(outcome: CallOutcome): void;
}

/** Records calls: in metrics, the audit log, the statistics for operators, and a trace. */
export class CallRecords {
  constructor(
    private readonly counters: Pick<Counters, 'calls' | 'measurements'>,
    private readonly auditLog: AuditLog,
    /** By command. */
    private readonly statistics: ReadonlyMap<string, CommandStatistics>,
  ) {}

  begin(call: RunningCall): CallRecord {
    const startedAt = performance.now();
    const span = beginCall(call.command);
    const statistics = this.statistics.get(call.command);
    if (statistics !== undefined) statistics.running += 1;
    return {
      span,
      end: ({ error }) => {
        const now = performance.now();
        const ms = now - startedAt;
        const outcome = error === undefined ? 'succeeded' : error.code;
        this.counters.calls.add(outcome);
        this.counters.measurements?.called(call.command, outcome, ms / 1_000);
        statistics?.ended(outcome, call.isRepetition, ms, now);
        this.auditLog.called(call, outcome, ms);
        span?.end(error?.code);
      },
    };
  }
}
