import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Build, FALLBACK, type Patch } from './build.js';
import type { Mutant } from './mutant.js';
import { MUTANTS, mutantNamed } from './mutants.js';
import { describe, rowOf, table, type Row } from './report.js';
import { runScenario, type RunResult } from './run-scenario.js';
import { SCENARIOS, scenarioNamed } from './scenarios/index.js';

/** One run of the suite: a scenario with the product, or with a mutant of it. */
export interface Job {
  readonly kind: 'scenario' | 'mutant';
  /** A scenario, or `mutant@scenario`. */
  readonly name: string;
  readonly seed: string;
}

export interface Settings {
  readonly seconds: number;
  readonly fallback: boolean;
  readonly keep: boolean;
  readonly out: string;
  readonly dist: string | undefined;
}

/** The outcome of one job. */
export interface Result {
  /** `null` if the run was aborted. */
  readonly row: Row | null;
  readonly failed: boolean;
}

/**
 * Lists all scenarios and then all mutants, or the named ones, for each seed. `mutant@scenario` names one scenario of a
 * mutant.
 */
export function jobsOf(seeds: readonly string[], scenarios?: readonly string[], mutants?: readonly string[]): Job[] {
  const named = scenarios !== undefined || mutants !== undefined;
  const ofScenarios = named ? (scenarios ?? []).map(scenarioNamed) : SCENARIOS;
  const ofMutants = named ? (mutants ?? []).flatMap(namesOfMutant) : MUTANTS.flatMap(namesOf);
  return seeds.flatMap((seed) => [
    ...ofScenarios.map(({ name }): Job => ({ kind: 'scenario', name, seed })),
    ...ofMutants.map((name): Job => ({ kind: 'mutant', name, seed })),
  ]);
}

function namesOf({ name, scenarios }: Mutant): string[] {
  return scenarios.map((scenario) => `${name}@${scenario.name}`);
}

function namesOfMutant(text: string): string[] {
  const [name, scenario] = text.split('@') as [string, string?];
  return scenario === undefined ? namesOf(mutantNamed(name)) : [`${name}@${scenarioNamed(scenario).name}`];
}

export function titleOf({ kind, name, seed }: Job): string {
  return `${kind === 'mutant' ? 'mutant ' : ''}${name}, seed ${seed}`;
}

/** Runs one job and prints the result. Never rejects. */
export async function runJob(job: Job, settings: Settings, say: (text: string) => void): Promise<Result> {
  say(`\n== ${titleOf(job)}, ${settings.seconds} s`);
  try {
    return await (job.kind === 'mutant' ? runMutant(job, settings, say) : runProduct(job, settings, say));
  } catch (error) {
    say(`failed: ${(error as Error).stack}`);
    return { row: null, failed: true };
  }
}

async function runProduct(job: Job, settings: Settings, say: (text: string) => void): Promise<Result> {
  const result = await runOn(wire(settings), scenarioNamed(job.name).name, job, settings);
  const row = rowOf(result);
  say(table([row]));
  const { violations } = result.verdict;
  const failed = violations.length > 0 || result.problems.length > 0;
  if (failed || settings.keep) await keep(job, settings, result, say);
  if (failed) say([describe(violations), ...result.problems].join('\n'));
  return { row, failed };
}

async function runMutant(job: Job, settings: Settings, say: (text: string) => void): Promise<Result> {
  const [name, scenario] = job.name.split('@') as [string, string];
  const { patches, shows } = mutantNamed(name);
  const result = await runOn([...wire(settings), ...patches], scenario, job, settings);
  const { violations } = result.verdict;
  const caught =
    violations.some((violation) => shows.includes(violation.class)) ||
    (shows.includes('problem') && result.problems.length > 0);
  if (settings.keep) await keep(job, settings, result, say);
  say([caught ? 'caught:' : 'NOT CAUGHT:', describe(violations, 1), ...result.problems].join('\n'));
  return { row: { ...rowOf(result), scenario: `${name} (${scenario})`, caught }, failed: !caught };
}

async function runOn(patches: readonly Patch[], scenario: string, job: Job, settings: Settings): Promise<RunResult> {
  const build = await Build.make(patches, { from: settings.dist });
  try {
    const { seconds } = settings;
    return await runScenario(scenarioNamed(scenario), { dist: build.dist, seconds, seed: job.seed });
  } finally {
    await build.remove();
  }
}

function wire({ fallback }: Settings): readonly Patch[] {
  return fallback ? [FALLBACK] : [];
}

/** Saves the log and the output of the instances of a run that needs investigation. */
async function keep(job: Job, settings: Settings, result: RunResult, say: (text: string) => void): Promise<void> {
  const directory = join(settings.out, `${job.name}-${job.seed}${settings.fallback ? '-fallback' : ''}`);
  await mkdir(directory, { recursive: true });
  for (const [part, records] of Object.entries(result.log)) {
    const lines = (records as readonly unknown[]).map((record) => `${JSON.stringify(record)}\n`);
    await writeFile(join(directory, `${part}.jsonl`), lines.join(''));
  }
  for (const [instance, output] of result.outputs) await writeFile(join(directory, `${instance}.log`), output);
  say(`kept in ${directory}`);
}
