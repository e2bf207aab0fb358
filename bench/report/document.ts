import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Row } from '../rows/row.js';
import { charts } from './charts.js';
import { machine } from './machine.js';
import { markdownTable } from './table.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const CHARTS = fileURLToPath(new URL('../../docs/performance/', import.meta.url));
/** What stands between these is made by `npm run bench -- --write`; the rest of the document is written by hand. */
const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

/** Puts table, charts, machine and date into docs/performance.md. */
export async function writeDocument(rows: readonly Row[], runs: number): Promise<void> {
  const before = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/performance.md has lost its marks ${BEGIN} and ${END}`);
  mkdirSync(CHARTS, { recursive: true });
  const images: string[] = [];
  for (const [name, content] of charts(rows)) {
    writeFileSync(CHARTS + name, content);
    images.push(`![${/<title>(.*)<\/title>/.exec(content)![1]!}](performance/${name})`);
  }
  const about = `Measured on ${new Date().toISOString().slice(0, 10)}: ${machine()}. Medians of ${runs} runs, the least and the most in brackets.`;
  const measured = [BEGIN, about, markdownTable(rows), ...images, END].join('\n\n');
  const text = before.slice(0, begin) + measured + before.slice(end + END.length);
  writeFileSync(DOCUMENT, await format(text, { ...(await resolveConfig(DOCUMENT)), parser: 'markdown' }));
}
