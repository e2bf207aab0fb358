/**
 * `npm run test:mutants -- --seed 1 --count 40 --folder src/realtime/auth`: changes one place of the sources after the other and
 * runs the specs of its folder. It lists each mutant that they do not detect. The default folder is `src`.
 * `--specs PATTERN` also runs the specs whose path matches, such as `test/presence`.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../support/random.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { describeMutation, mutated, mutationsOf, type Mutation } from './mutations.js';

/** Time limit of a run, in milliseconds. A mutant that loops forever counts as detected. */
const LIMIT_MS = 120_000;

interface Mutant {
  readonly file: string;
  readonly code: string;
  readonly mutation: Mutation;
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '20' },
    folder: { type: 'string', default: 'src' },
    specs: { type: 'string' },
  },
});

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));

/** Sources without specs, pages and declarations. */
const isSource = (file: string): boolean =>
  file.endsWith('.ts') && !/\.(spec|d)\.ts$|^src\/(console|platform\/page)\/|\/index\.ts$/.test(file);

/** Folder whose specs run: `src/client`, or `src/realtime/auth`. */
const areaOf = (file: string): string =>
  file
    .split('/')
    .slice(0, file.startsWith('src/realtime/') ? 3 : 2)
    .join('/');

function mutantsIn(folder: string): Mutant[] {
  return filesIn(folder)
    .filter(isSource)
    .flatMap((file) => {
      const code = readFileSync(file, 'utf8');
      return mutationsOf(code).map((mutation) => ({ file, code, mutation }));
    });
}

function sampleOf(mutants: readonly Mutant[], random: Random, count: number): Mutant[] {
  const ranked = mutants.map((mutant) => ({ mutant, rank: random.next() }));
  return ranked
    .toSorted((one, other) => one.rank - other.rank)
    .slice(0, count)
    .map(({ mutant }) => mutant);
}

/** The specs of a folder, and those of `--specs`. */
const specsOf = (area: string): string[] => [
  ...filesIn(area).filter((file) => file.endsWith('.spec.ts')),
  ...filesIn('test').filter(
    (file) => values.specs !== undefined && file.endsWith('.spec.ts') && new RegExp(values.specs).test(file),
  ),
];

/** Runs the specs of an area in the copy. @returns true if none of them fails */
function passes(area: string, directory: string): Promise<boolean> {
  const specs = specsOf(area);
  if (specs.length === 0) return Promise.resolve(true);
  const args = ['node_modules/jest/bin/jest.js', '--ci', '--bail', '--maxWorkers=1', '--runTestsByPath', ...specs];
  const options = { cwd: directory, timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const;
  return new Promise((settle) => {
    execFile(process.execPath, args, options, (error) => settle(error === null));
  });
}

const sample = sampleOf(mutantsIn(values.folder), new Random(values.seed), Number(values.count));
const survivors: string[] = [];
// The mutants are in a copy: an interrupted run leaves the sources unchanged.
const directory = await makeTemporaryDirectory();
try {
  for (const name of ['src', 'test', 'package.json', 'tsconfig.json', 'docs', '.env.example']) {
    await cp(name, join(directory, name), { recursive: true });
  }
  await symlink(resolve('node_modules'), join(directory, 'node_modules'));
  for (const area of new Set(sample.map(({ file }) => areaOf(file)))) {
    if (!(await passes(area, directory))) throw new Error(`The specs of ${area} fail without a mutant`);
  }
  for (const [index, { file, code, mutation }] of sample.entries()) {
    await writeFile(join(directory, file), mutated(code, mutation));
    const survives = await passes(areaOf(file), directory);
    await writeFile(join(directory, file), code);
    const place = `${file}:${describeMutation(code, mutation)}`;
    if (survives) survivors.push(place);
    process.stdout.write(`${index + 1}/${sample.length} ${survives ? 'NOT NOTICED' : 'noticed'} ${place}\n`);
  }
} finally {
  await removeDirectory(directory);
}
process.stdout.write(`\nseed ${values.seed}: ${sample.length - survivors.length} of ${sample.length} noticed\n`);
for (const survivor of survivors) process.stdout.write(`not noticed: ${survivor}\n`);
