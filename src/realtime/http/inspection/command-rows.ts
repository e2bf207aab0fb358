import { DurationBuckets } from '../../commands/duration-buckets.js';
import type { CommandReport } from '../../commands/command-statistics.js';

/** Calls of one command on all instances. */
export interface CommandRow extends Pick<CommandReport, 'command' | 'once' | 'anonymous' | 'running' | 'repeated'> {
  /** Number of instances that have the command. */
  readonly instances: number;
  /** Number of ended calls since the instances started. */
  readonly calls: number;
  /** These calls by outcome, the most frequent first: `succeeded`, or the error code. */
  readonly outcomes: CommandReport['outcomes'];
  /** Calls per second that ended in the last one to two minutes. */
  readonly perSecond: number;
  /** Durations of the same time. */
  readonly durationMs: { readonly p50: number; readonly p99: number } | null;
}

/** Adds up the reports of all instances, by the name of the command. */
export function mergeCommands(reports: Iterable<readonly CommandReport[]>): CommandRow[] {
  const byName = new Map<string, CommandReport[]>();
  for (const report of [...reports].flat()) {
    byName.set(report.command, [...(byName.get(report.command) ?? []), report]);
  }
  return [...byName.values()].map(rowOf).toSorted((a, b) => (a.command < b.command ? -1 : 1));
}

function rowOf(reports: readonly CommandReport[]): CommandRow {
  const { command, once, anonymous } = reports[0]!;
  const sum = (value: (report: CommandReport) => number): number =>
    reports.reduce((total, report) => total + value(report), 0);
  const outcomes = new Map<string, number>();
  const durations = new DurationBuckets();
  for (const report of reports) {
    durations.add(report.recent);
    for (const { label, count } of report.outcomes) outcomes.set(label, (outcomes.get(label) ?? 0) + count);
  }
  const perSecond = sum(({ recent, recentMs }) => (countOf(recent) * 1_000) / recentMs);
  return {
    ...{ command, once, anonymous, instances: reports.length },
    running: sum(({ running }) => running),
    repeated: sum(({ repeated }) => repeated),
    calls: [...outcomes.values()].reduce((total, count) => total + count, 0),
    outcomes: [...outcomes].map(([label, count]) => ({ label, count })).toSorted((a, b) => b.count - a.count),
    perSecond: Number(perSecond.toPrecision(3)),
    durationMs: durations.percentiles(),
  };
}

function countOf(counts: CommandReport['recent']): number {
  return counts.reduce((total, { count }) => total + count, 0);
}
