import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Build, FALLBACK, type Patch } from './build.js';
import { MUTANTS, mutantNamed, type Mutant } from './mutants.js';
import { describe, rowOf, table, type Row } from './report.js';
import { runScenario, type RunResult } from './run-scenario.js';
import { SCENARIOS, scenarioNamed } from './scenarios/index.js';
import type { Scenario } from './scenarios/scenario.js';

/**
 * The fault suite: `npm run test:fault -- --seconds 30 --seed 1 [--scenario name] [--mutant name] [--fallback]`.
 * Without names it runs every scenario, and then every mutant. It ends with 1 when anything was violated, or a mutant lived.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    scenario: { type: 'string', multiple: true },
    mutant: { type: 'string', multiple: true },
    /** Has every frame go through `ws.send`, as it does where the insides of `ws` are not as expected. */
    fallback: { type: 'boolean', default: false },
    dist: { type: 'string' },
    out: { type: 'string', default: 'coverage/fault' },
    /** Keeps the logs of every run, not only of those that failed. */
    keep: { type: 'boolean', default: false },
  },
});

const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new Error(`--seconds must be a number above 0, not ${values.seconds}`);
const named = values.scenario !== undefined || values.mutant !== undefined;
const scenarios = named ? (values.scenario ?? []).map(scenarioNamed) : SCENARIOS;
const mutants = named ? (values.mutant ?? []).map(mutantNamed) : MUTANTS;

const wire: readonly Patch[] = values.fallback ? [FALLBACK] : [];

const rows: Row[] = [];
const failures: string[] = [];

function say(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

async function attempt(name: string, run: () => Promise<void>): Promise<void> {
  say(`\n== ${name}, ${seconds} s, seed ${values.seed}`);
  try {
    await run();
  } catch (error) {
    failures.push(name);
    say(`failed: ${(error as Error).stack}`);
  }
  await report();
}

async function runOne(scenario: Scenario): Promise<void> {
  const build = await Build.copy(wire, values.dist);
  try {
    const result = await runScenario(scenario, { dist: build.dist, seconds, seed: values.seed });
    const row = rowOf(result);
    rows.push(row);
    say(table([row]));
    const { violations } = result.verdict;
    const failed = violations.length > 0 || result.problems.length > 0;
    if (failed || values.keep) await keep(scenario.name, result);
    if (!failed) return;
    failures.push(scenario.name);
    say(describe(violations));
    for (const problem of result.problems) say(problem);
  } finally {
    await build.remove();
  }
}

async function runMutant(mutant: Mutant): Promise<void> {
  const build = await Build.copy([...wire, ...mutant.patches], values.dist);
  try {
    const result = await runScenario(mutant.scenario, { dist: build.dist, seconds, seed: values.seed });
    const caught = result.verdict.violations.length > 0;
    rows.push({ ...rowOf(result), scenario: `${mutant.name} (${mutant.scenario.name})`, caught });
    if (!caught) failures.push(mutant.name);
    say(caught ? `caught:\n${describe(result.verdict.violations, 1)}` : 'NOT CAUGHT');
  } finally {
    await build.remove();
  }
}

/** Keeps the log and what the instances said of a run that has to be looked into. */
async function keep(name: string, { log, outputs }: RunResult): Promise<void> {
  const directory = join(values.out, `${name}-${values.seed}`);
  await mkdir(directory, { recursive: true });
  for (const [part, records] of Object.entries(log)) {
    const lines = (records as readonly unknown[]).map((record) => `${JSON.stringify(record)}\n`);
    await writeFile(join(directory, `${part}.jsonl`), lines.join(''));
  }
  for (const [instance, output] of outputs) await writeFile(join(directory, `${instance}.log`), output);
  say(`kept in ${directory}`);
}

async function report(): Promise<void> {
  const file = join(values.out, `fault-${values.seed}.json`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify({ seed: values.seed, seconds, rows, failures }, null, 2)}\n`);
}

for (const scenario of scenarios) await attempt(scenario.name, () => runOne(scenario));
for (const mutant of mutants) await attempt(`mutant ${mutant.name}`, () => runMutant(mutant));

say(`\n${table(rows)}`);
say(
  failures.length === 0
    ? 'No violation, no emit left unsettled, every mutant caught.'
    : `FAILED: ${failures.join(', ')}`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
