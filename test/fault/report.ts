import type { Figures } from './checker/figures.js';
import { VIOLATIONS, type Violation, type ViolationClass } from './checker/violations.js';
import type { RunResult } from './run-scenario.js';

/** One row of the table, and one entry of the JSON file. */
export interface Row extends Figures {
  readonly scenario: string;
  readonly seed: number | string;
  readonly seconds: number;
  readonly faults: number;
  readonly violations: Readonly<Partial<Record<ViolationClass, number>>>;
  readonly problems: readonly string[];
  /** For a mutant: true if it was found. */
  readonly caught?: boolean;
}

export function rowOf(result: RunResult): Row {
  const { scenario, seed, seconds, verdict, log, problems } = result;
  const violations = countByClass(verdict.violations);
  return { scenario, seed, seconds, faults: log.faults.length, ...verdict.figures, violations, problems };
}

export function countByClass(violations: readonly Violation[]): Partial<Record<ViolationClass, number>> {
  const counts: Partial<Record<ViolationClass, number>> = {};
  for (const { class: kind } of violations) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

const COLUMNS: readonly (readonly [title: string, of: (row: Row) => string | number])[] = [
  ['scenario', (row) => row.scenario],
  ['seed', (row) => row.seed],
  ['faults', (row) => row.faults],
  ['acknowledged', (row) => row.acknowledged],
  ['rejected', (row) => row.rejected],
  ['rejected without history', (row) => row.rejectedPlain],
  ['rejected, yet published', (row) => row.rejectedYetPublished],
  ['unknown', (row) => row.unknown],
  ['unsettled', (row) => row.unsettled],
  ['delivered', (row) => row.delivered],
  ['of it without history', (row) => row.deliveredPlain],
  ['resyncs', (row) => row.resyncs],
  ['recovered', (row) => row.recoveredTrue],
  ['not recovered', (row) => row.recoveredFalse],
  ['states', (row) => row.states],
  ['patches', (row) => row.patches],
  ['stream parts', (row) => row.streamParts],
  ['closed as slow', (row) => row.closedAsSlow],
  ['lost by Redis', (row) => row.lostByRedis],
  ['longest emit', (row) => `${row.longestEmitMs} ms`],
  ['of it without a fault', (row) => `${row.longestHealthyEmitMs} ms`],
  ['longest silence', (row) => `${row.longestSilenceMs} ms`],
  ['live again, worst', (row) => worst(row.liveAgainMs)],
  ['violations', (row) => violationsOf(row)],
];

/** Formats the rows as a Markdown table. */
export function table(rows: readonly Row[]): string {
  const lines = [
    COLUMNS.map(([title]) => title),
    COLUMNS.map(() => '---'),
    ...rows.map((row) => COLUMNS.map(([, of]) => String(of(row)))),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** Lists the first violations of each class. */
export function describe(violations: readonly Violation[], most = 5): string {
  const lines: string[] = [];
  for (const kind of Object.keys(VIOLATIONS) as ViolationClass[]) {
    const found = violations.filter((violation) => violation.class === kind);
    if (found.length === 0) continue;
    lines.push(`${kind} (${found.length}): ${VIOLATIONS[kind]}`);
    for (const { at, channel, client = '', detail } of found.slice(0, most)) {
      lines.push(`  ${at === Infinity ? 'at the end' : at.toFixed(1)} ${channel} ${client} ${detail}`);
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

function worst(times: readonly (number | null)[]): string {
  if (times.length === 0) return '-';
  return times.includes(null) ? 'never' : `${Math.max(...(times as readonly number[]))} ms`;
}

function violationsOf({ violations, problems, caught }: Row): string {
  const counts = Object.entries(violations).map(([kind, count]) => `${kind} ${count}`);
  if (problems.length > 0) counts.push(`${problems.length} problems`);
  const text = counts.length === 0 ? '0' : counts.join(', ');
  return caught === undefined ? text : `${caught ? 'caught' : 'NOT CAUGHT'}: ${text}`;
}
