import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { jobsOf, runJob, titleOf, type Job, type Result, type Settings } from './jobs.js';
import { table, type Row } from './report.js';
import { REPORT, runSideBySide } from './side-by-side.js';

/**
 * The fault suite: `npm run test:fault -- --seconds 30 --seed 1 [--seed 2] [--scenario name] [--mutant name | --mutant
 * name@scenario] [--fallback] [--parallel 3]`. Without names it runs every scenario, and then every mutant. Exits with
 * 1 if there was a violation, or if a mutant was not found.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', multiple: true, default: ['1'] },
    scenario: { type: 'string', multiple: true },
    mutant: { type: 'string', multiple: true },
    /** Sends every frame through `ws.send`, as if the internals of `ws` were not as expected. */
    fallback: { type: 'boolean', default: false },
    /** Number of concurrent scenarios, each in a separate process. */
    parallel: { type: 'string', default: '1' },
    dist: { type: 'string' },
    /** Directory for the logs of runs. */
    out: { type: 'string', default: 'coverage/fault' },
    /** Directory for the metrics, as JSON. @default out */
    report: { type: 'string' },
    /** Keeps the logs of every run, not only of those that failed. */
    keep: { type: 'boolean', default: false },
  },
});

const { fallback, keep, out, report = out, dist } = values;
const [seconds, lanes] = [Number(values.seconds), Number(values.parallel)];
if (!(seconds > 0)) throw new Error(`--seconds must be a number above 0, not ${values.seconds}`);
if (!(lanes >= 1)) throw new Error(`--parallel must be a number from 1, not ${values.parallel}`);

const settings: Settings = { seconds, fallback, keep, out, dist };
const jobs = jobsOf(values.seed, values.scenario, values.mutant);
const rows: Row[] = [];
const failures: string[] = [];

function say(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

async function enter(job: Job, { row, failed }: Result): Promise<void> {
  if (row !== null) rows.push(row);
  if (failed) failures.push(titleOf(job));
  await mkdir(report, { recursive: true });
  await writeFile(join(report, REPORT), `${JSON.stringify({ seconds, rows, failures }, null, 2)}\n`);
}

if (lanes === 1) {
  for (const job of jobs) await enter(job, await runJob(job, settings, say));
} else {
  await runSideBySide(jobs, settings, lanes, async (job, result, output) => {
    say(output);
    await enter(job, result);
  });
}

if (jobs.length > 1) say(`\n${table(rows)}`);
say(
  failures.length === 0
    ? 'No violation, no emit left unsettled, every mutant caught.'
    : `FAILED: ${failures.join(' · ')}`,
);
process.exit(failures.length === 0 ? 0 : 1);
