import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import type { Row } from './report.js';
import type { Job, Result, Settings } from './jobs.js';

/** Report file of a run. */
export const REPORT = 'fault.json';

/** Runs jobs concurrently, each in a separate process: the checker of one would block the proxies of another. */
export async function runSideBySide(
  jobs: readonly Job[],
  settings: Settings,
  lanes: number,
  done: (job: Job, result: Result, output: string) => Promise<void>,
): Promise<void> {
  const waiting = [...jobs];
  const runLane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const { result, output } = await runInProcess(job, settings);
      await done(job, result, output);
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
}

async function runInProcess(
  { kind, name, seed }: Job,
  { seconds, fallback, keep, out, dist }: Settings,
): Promise<{ result: Result; output: string }> {
  const report = await makeTemporaryDirectory();
  try {
    const args = [
      ...[...process.execArgv, process.argv[1]!, `--${kind}`, name, '--seed', seed, '--seconds', String(seconds)],
      ...['--out', out, '--report', report],
      ...(dist === undefined ? [] : ['--dist', dist]),
      ...(fallback ? ['--fallback'] : []),
      ...(keep ? ['--keep'] : []),
    ];
    const child = new Child(process.execPath, args);
    await child.exited;
    const text = await readFile(join(report, REPORT), 'utf8').catch(() => null);
    const { output } = child;
    if (text === null) return { result: { row: null, failed: true }, output };
    const { rows, failures } = JSON.parse(text) as { readonly rows: Row[]; readonly failures: string[] };
    return { result: { row: rows[0] ?? null, failed: failures.length > 0 }, output };
  } finally {
    await removeDirectory(report);
  }
}
