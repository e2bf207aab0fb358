import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatted } from '../../test/support/formatted.js';
import type { Row } from '../rows/row.js';
import { charts } from './charts.js';
import { machine } from './machine.js';
import { markdownTable } from './table.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const CHARTS = fileURLToPath(new URL('../../docs/performance/', import.meta.url));
/** File with the measurements, by group. */
const KEPT = `${CHARTS}measured.json`;
/** `npm run bench -- --write` writes the text between these marks; the rest of the page is written by hand. */
const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

/** Last measurement of one group. */
interface Measured {
  readonly date: string;
  readonly machine: string;
  readonly runs: number;
  readonly rows: readonly Row[];
}

/**
 * Saves the rows of these groups, and rewrites table and charts of docs/performance.md from all saved rows.
 * @param order the groups in the order of the table
 */
export async function writeDocument(rows: readonly Row[], runs: number, order: readonly string[]): Promise<void> {
  mkdirSync(CHARTS, { recursive: true });
  const kept = existsSync(KEPT) ? (JSON.parse(readFileSync(KEPT, 'utf8')) as Record<string, Measured>) : {};
  const now = { date: new Date().toISOString().slice(0, 10), machine: machine(), runs };
  for (const { group } of rows) kept[group] = { ...now, rows: rows.filter((row) => row.group === group) };
  const measured = order.flatMap((group) => kept[group] ?? []);
  writeFileSync(KEPT, await formatted(KEPT, JSON.stringify(kept)));

  const all = measured.flatMap((group) => group.rows);
  const images: string[] = [];
  for (const [name, content] of charts(all)) {
    writeFileSync(CHARTS + name, content);
    images.push(`![${/<title>(.*)<\/title>/.exec(content)![1]!}](performance/${name})`);
  }
  const about = new Set(
    measured.map(
      (group) =>
        `Measured on ${group.date}: ${group.machine}; medians of ${group.runs} runs, with minimum and maximum in brackets.`,
    ),
  );
  const before = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/performance.md lacks the marks ${BEGIN} and ${END}`);
  const made = [BEGIN, ...about, markdownTable(all), ...images, END].join('\n\n');
  const text = before.slice(0, begin) + made + before.slice(end + END.length);
  writeFileSync(DOCUMENT, await formatted(DOCUMENT, text));
}
