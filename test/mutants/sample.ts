/**
 * `npm run test:mutants -- --seed 1 --count 40 --folder src/realtime/auth`: changes one place of the sources after the other and
 * runs the specs of its folder that load the file. It lists each mutant that they do not detect. The default folder is `src`;
 * `--folder` can be given several times. `--specs PATTERN` also runs the specs whose path matches, such as `test/presence`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../support/random.js';
import { MutantProcess } from './mutant-process.js';
import { describeMutation, mutationsOf, type Mutation } from './mutations.js';
import { relatedSpecs } from './related.js';

interface Mutant {
  readonly file: string;
  readonly code: string;
  readonly mutation: Mutation;
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '20' },
    folder: { type: 'string', multiple: true, default: ['src'] },
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

const wanted = values.specs === undefined ? undefined : new RegExp(values.specs);
const others = filesIn('test').filter((file) => file.endsWith('.spec.ts') && wanted?.test(file));

/** The specs of a mutant: those of its area and of `--specs` that load its file. */
const specsOf = ({ file }: Mutant): string[] => {
  const own = filesIn(areaOf(file)).filter((path) => path.endsWith('.spec.ts'));
  return relatedSpecs(file, [...own, ...others]);
};

const sample = sampleOf(values.folder.flatMap(mutantsIn), new Random(values.seed), Number(values.count));
const all = [...new Set(sample.flatMap(specsOf))];
const survivors: string[] = [];
const jest = new MutantProcess(all);
try {
  for (const spec of all) {
    if (await jest.detects({}, [spec])) throw new Error(`${spec} fails without a mutant`);
  }
  for (const [index, mutant] of sample.entries()) {
    const { file, code, mutation } = mutant;
    const { start, end, replacement } = mutation;
    const change = { file, start: String(start), end: String(end), replacement };
    const specs = specsOf(mutant);
    const isDetected = specs.length > 0 && (await jest.detects(change, specs));
    const place = `${file}:${describeMutation(code, mutation)}`;
    if (!isDetected) survivors.push(place);
    process.stdout.write(`${index + 1}/${sample.length} ${isDetected ? 'noticed' : 'NOT NOTICED'} ${place}\n`);
  }
} finally {
  await jest.stop();
}
process.stdout.write(`\nseed ${values.seed}: ${sample.length - survivors.length} of ${sample.length} noticed\n`);
for (const survivor of survivors) process.stdout.write(`not noticed: ${survivor}\n`);
