import { readArguments } from './arguments.js';
import { nodeFlags } from './contender.js';
import { writeDocument } from './report/document.js';
import { machine } from './report/machine.js';
import { line, markdownTable } from './report/table.js';
import type { Context } from './rows/context.js';
import { GROUPS } from './rows/index.js';
import { verdictOf, type Row } from './rows/row.js';
import { removeStandalone } from './standalone.js';

/** `npm run bench`: measures, prints the table, and exits with 1 if a target was missed. */
const { only, quick, runs, profile, write } = readArguments(process.argv.slice(2), Object.keys(GROUPS));
const print = (text: string): void => void process.stdout.write(`${text}\n`);

if (profile !== undefined) nodeFlags.push('--cpu-prof', `--cpu-prof-dir=${profile}`);
print(machine());
const context: Context = {
  runs,
  quick,
  deliveries: quick ? 50_000 : 100_000,
  done: (row) => print(line(row)),
};
const rows: Row[] = [];
try {
  for (const [name, measure] of Object.entries(GROUPS)) {
    if (only.length === 0 || only.includes(name)) rows.push(...(await measure(context)));
  }
} finally {
  await removeStandalone();
}

print(`\n${markdownTable(rows)}\n`);
const missed = rows.flatMap((row) =>
  row.targets.map((target) => verdictOf(row, target)).flatMap(({ text, met }) => (met ? [] : [`${row.what}: ${text}`])),
);
for (const sentence of missed) print(`Missed: ${sentence}`);
if (write) await writeDocument(rows, runs, Object.keys(GROUPS));
process.exitCode = missed.length > 0 ? 1 : 0;
