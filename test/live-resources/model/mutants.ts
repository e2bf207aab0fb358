/**
 * `npx tsx test/live-resources/model/mutants.ts`: injects one fault after the other into the live resources, and lists after how many
 * operations the model detects each. It fails if one is not detected. An argument selects mutants by name, LIVE_RUNS is the number of
 * worlds of each kind, with 160 operations each.
 */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MutantProcess } from '../../mutants/mutant-process.js';
import { makeTemporaryDirectory, removeDirectory } from '../../support/temporary-directory.js';
import { MUTANTS, type Mutant } from './mutant-list.js';

const SPEC = 'test/live-resources/model/model.spec.ts';
/** Time limit of the model, in milliseconds: an endless loop counts as detected. */
const LIMIT_MS = 600_000;

interface Outcome {
  readonly operations: number;
  readonly problem: string | null;
}

/** @throws Error unless the code of a mutant occurs exactly once */
function placeOf({ name, file, was, becomes }: Mutant): Record<string, string> {
  const parts = readFileSync(file, 'utf8').split(was);
  if (parts.length !== 2) throw new Error(`"${name}" is in ${parts.length - 1} places of ${file}: ${was}`);
  const start = parts[0]!.length;
  return { file, start: String(start), end: String(start + was.length), replacement: becomes };
}

/** Reads what the model reported: a line for each kind of world. */
function outcomesIn(report: string): Outcome[] {
  const lines = readFileSync(report, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Outcome);
}

async function outcomeOf(mutant: Mutant, place: Record<string, string>): Promise<{ isDetected: boolean; how: string }> {
  const { spec, isEquivalent } = mutant;
  if (spec !== undefined && (await model.detects(place, [spec]))) return { isDetected: true, how: spec };
  await rm(report, { force: true });
  const isDetected = await model.detects(place, [SPEC]);
  if (!isDetected)
    return { isDetected, how: isEquivalent === undefined ? 'NOT NOTICED' : `equivalent: ${isEquivalent}` };
  const found = outcomesIn(report).filter(({ problem }) => problem !== null);
  const first = found.toSorted((one, other) => one.operations - other.operations)[0];
  return {
    isDetected,
    how: first === undefined ? 'a loop without end' : `${first.operations} operations, ${first.problem}`,
  };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const wanted = new RegExp(process.argv[2] ?? '');
const chosen = MUTANTS.filter(({ name }) => wanted.test(name)).map((mutant) => ({ mutant, place: placeOf(mutant) }));
const directory = await makeTemporaryDirectory();
const report = join(directory, 'report.jsonl');
Object.assign(process.env, { LIVE_RUNS: '400', ...process.env, LIVE_SHRINK: 'no', LIVE_REPORT: report });
const model = new MutantProcess([SPEC, ...MUTANTS.flatMap(({ spec }) => spec ?? [])], LIMIT_MS);
let missed = 0;
try {
  if (await model.detects({}, [SPEC])) throw new Error(`The model fails without a mutant: npm run test:one -- ${SPEC}`);
  for (const { mutant, place } of chosen) {
    const begin = performance.now();
    const { isDetected, how } = await outcomeOf(mutant, place);
    say(`${mutant.name} (${((performance.now() - begin) / 1_000).toFixed(1)} s): ${how}`);
    if (!isDetected && mutant.isEquivalent === undefined) missed += 1;
  }
} finally {
  await model.stop();
  await removeDirectory(directory);
}
const real = chosen.filter(({ mutant }) => mutant.isEquivalent === undefined).length;
say(`${real - missed} of ${real} noticed`);
if (missed > 0) process.exitCode = 1;
