/**
 * `npm run walk:mutants`: injects one fault after the other into a copy of the client, and lists which ones the short form
 * of the random walk detects. It fails if the walk detects fewer than nine of ten, or if the code of a mutant is not found.
 * An argument selects mutants by name: `npm run walk:mutants -- 'follow|for await'`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { MUTANTS, type Mutant } from './client.js';

/** Time limit of a mutant, in milliseconds: an endless loop counts as detected. */
const LIMIT_MS = 120_000;

/** Fraction of the mutants that must be detected. */
const REQUIRED = 0.9;

const sources = readdirSync('src/client', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .map((file) => ({ file: join('src/client', file), text: readFileSync(join('src/client', file), 'utf8') }));

/** @throws Error unless the code of a mutant occurs exactly once */
function placeOf({ name, was }: Mutant): (typeof sources)[number] {
  const places = sources.flatMap((source) => Array(source.text.split(was).length - 1).fill(source) as [typeof source]);
  if (places.length === 1) return places[0]!;
  throw new Error(`"${name}" is in ${places.length} places: ${was}`);
}

/** @returns how the spec detected it; `undefined` if it passed */
async function outcomeOf({ name }: Mutant, directory: string, spec: string): Promise<string | undefined> {
  const result = join(directory, 'result.json');
  await rm(result, { force: true }); // result of the previous mutant
  const jest = 'node_modules/jest/bin/jest.js';
  const args = [jest, '--json', '--outputFile=result.json', '--maxWorkers=1', '--runTestsByPath', spec];
  const child = spawn(process.execPath, args, {
    cwd: directory,
    env: { ...process.env, WALK_SHRINK: 'no' },
    stdio: 'ignore',
    detached: true, // a process group: a worker in a loop outlives its parent
  });
  const killAll = (): unknown => process.kill(-child.pid!, 'SIGKILL');
  process.once('exit', killAll);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    killAll();
  }, LIMIT_MS);
  await once(child, 'exit');
  clearTimeout(timer);
  process.off('exit', killAll);
  if (isLate) return 'a loop without end';
  const { numFailedTests, numPassedTests, testResults } = JSON.parse(await readFile(result, 'utf8')) as {
    readonly numFailedTests: number;
    readonly numPassedTests: number;
    readonly testResults: readonly { readonly message: string }[];
  };
  if (numFailedTests > 0) return problemIn(testResults[0]!.message);
  // No test ran: a mutant that does not compile proves nothing.
  if (numPassedTests === 0) throw new Error(`"${name}": ${testResults[0]?.message}`);
  return undefined;
}

function problemIn(message: string): string {
  return /^ *\+ +\\*"(.*?)\\*",/m.exec(message)?.[1] ?? /Got (.*)/.exec(message)?.[1] ?? message.split('\n')[2] ?? '';
}

// Without this, 'exit' is not emitted and the processes of a mutant stay.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const wanted = new RegExp(process.argv[2] ?? '');
let noticed = 0;
let all = 0;
const places = new Map(Object.values(MUTANTS).flatMap((list) => list.map((mutant) => [mutant, placeOf(mutant)])));
// The mutants are in a copy: an interrupted run leaves the sources unchanged.
const directory = await makeTemporaryDirectory();
try {
  for (const name of ['src', 'test', 'package.json']) await cp(name, join(directory, name), { recursive: true });
  await symlink(resolve('node_modules'), join(directory, 'node_modules'));
  for (const [walk, mutants] of Object.entries(MUTANTS)) {
    for (const mutant of mutants.filter(({ name }) => wanted.test(name))) {
      const { file, text } = places.get(mutant)!;
      await writeFile(
        join(directory, file),
        text.replace(mutant.was, () => mutant.becomes),
      );
      const beganAt = performance.now();
      const outcome = await outcomeOf(mutant, directory, mutant.spec ?? walk);
      await writeFile(join(directory, file), text);
      const seconds = ((performance.now() - beganAt) / 1_000).toFixed(1);
      if (mutant.isEquivalent === undefined) {
        all += 1;
        if (outcome !== undefined) noticed += 1;
      }
      const missed = mutant.isEquivalent === undefined ? 'NOT NOTICED' : `equivalent: ${mutant.isEquivalent}`;
      process.stdout.write(`${mutant.name} (${seconds} s): ${outcome ?? missed}\n`);
    }
  }
} finally {
  await removeDirectory(directory);
}
process.stdout.write(`${noticed} of ${all} noticed\n`);
if (noticed < REQUIRED * all) process.exitCode = 1;
