import type { CommandReport } from '../../commands/command-statistics.js';
import { sumOutcomes, type OutcomeSums } from '../../observability/outcome-statistics.js';

/** Calls of one command on all instances. */
export interface CommandRow
  extends Pick<CommandReport, 'command' | 'once' | 'anonymous' | 'running' | 'repeated'>, Omit<OutcomeSums, 'total'> {
  /** Number of instances that have the command. */
  readonly instances: number;
  /** Number of ended calls since the instances started. */
  readonly calls: number;
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
  const { total: calls, ...sums } = sumOutcomes(reports);
  return {
    ...{ command, once, anonymous, instances: reports.length, calls },
    running: sum(({ running }) => running),
    repeated: sum(({ repeated }) => repeated),
    ...sums,
  };
}
