/**
 * `npm run test:mutants -- --seed 1 --count 40 --folder src/realtime/auth`: changes one place of the sources after the other and
 * runs the specs of its folder that load the file. If they do not detect it, it runs those of its area in `test`, except the ones
 * that start other processes. It lists each mutant that none of them detects. The default folder is `src`; `--folder` can be
 * given several times. `--near` leaves `test` out, `--distant` adds the specs of other folders of `src`, and `--specs PATTERN`
 * those whose path matches, such as `test/presence`.
 *
 * A mutant that passes the specs, but that `npm run lint` refuses because of its types, is not counted. A mutant that no caller can
 * tell from the code belongs into `equivalents.ts`, with the reason.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../support/random.js';
import { areaOf, isInArea } from './areas.js';
import { equivalenceOf } from './equivalents.js';
import { MutantProcess } from './mutant-process.js';
import { describeMutation, mutationsOf, type Mutation } from './mutations.js';
import { closureOf, relatedSpecs } from './related.js';
import { TypeCheck } from './type-check.js';

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
    near: { type: 'boolean', default: false },
    distant: { type: 'boolean', default: false },
  },
});

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));

/** Sources without specs, suites of specs, pages and declarations. */
const isSource = (file: string): boolean =>
  file.endsWith('.ts') &&
  !/\.(spec|d)\.ts$|^src\/(console|platform\/page)\/|^src\/testing\/backend\/|\/index\.ts$/.test(file);

/** Time after which a detection is checked without the mutant, in milliseconds. */
const SLOW_MS = 5_000;

/** Files that start the platform or a browser. These run the build, so their specs do not detect a mutant. */
const PROCESSES = /^test\/support\/(platform-process|chromium|firefox|postgres-process|compile)\.ts$/;

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
const others = ['src', 'test']
  .flatMap(filesIn)
  .filter((file) => file.endsWith('.spec.ts') && ![...closureOf(file)].some((path) => PROCESSES.test(path)));

/** The specs of a mutant beside its sources that load its file. */
const nearSpecsOf = ({ file }: Mutant): string[] =>
  relatedSpecs(
    file,
    filesIn(areaOf(file)).filter((path) => path.endsWith('.spec.ts')),
  );

/** The other specs of a mutant: those of its area in `test`, then those of other folders of `src`. */
const distantSpecsOf = ({ file }: Mutant): string[] => {
  const area = areaOf(file);
  const isWanted = (spec: string): boolean => {
    if (wanted?.test(spec)) return true;
    if (spec.startsWith('test/')) return !values.near && isInArea(spec, area);
    return values.distant && !spec.startsWith(`${area}/`);
  };
  const found = relatedSpecs(file, others.filter(isWanted));
  return [...found.filter((spec) => spec.startsWith('test/')), ...found.filter((spec) => spec.startsWith('src/'))];
};

const sample = sampleOf(values.folder.flatMap(mutantsIn), new Random(values.seed), Number(values.count));
const near = [...new Set(sample.flatMap(nearSpecsOf))];
const distant = [...new Set(sample.flatMap(distantSpecsOf))];
const jest = new MutantProcess([...near, ...distant]);
const types = new TypeCheck([...new Set(sample.map(({ file }) => file))]);
const count = { near: 0, distant: 0, invalid: 0, equivalent: 0 };
const survivors: string[] = [];
/** Specs beside the sources that fail twice without a mutant. */
const failing = new Set<string>();
/** Mutants that count, by folder. */
const folders = new Map<string, { near: number; noticed: number; all: number }>();

/** Returns the first distant spec that detects a mutant. A spec that also fails without it does not count. */
async function distantDetection(mutant: Mutant, change: Readonly<Record<string, string>>): Promise<string | undefined> {
  for (const spec of distantSpecsOf(mutant)) {
    if ((await jest.detects(change, [spec])) && !(await jest.detects({}, [spec]))) return spec;
  }
  return undefined;
}

/** Runs the specs beside the sources. On a busy machine a test can exceed its time limit without a mutant, so slow runs are checked. */
async function isDetected(change: Readonly<Record<string, string>>, specs: readonly string[]): Promise<boolean> {
  const beganAt = performance.now();
  if (!(await jest.detects(change, specs))) return false;
  return performance.now() - beganAt < SLOW_MS || !(await jest.detects({}, specs));
}

/** Counts a mutant for its folder. */
function countFor({ file }: Mutant, by: 'near' | 'distant' | null): void {
  const folder = areaOf(file);
  const { near: beside, noticed: detected, all } = folders.get(folder) ?? { near: 0, noticed: 0, all: 0 };
  const isNear = by === 'near' ? 1 : 0;
  folders.set(folder, { near: beside + isNear, noticed: detected + (by === null ? 0 : 1), all: all + 1 });
}

/** Runs the specs against a mutant, counts it, and returns what happened to it. */
async function outcomeOf(mutant: Mutant, place: string): Promise<string> {
  const { file, code, mutation } = mutant;
  const { start, end, replacement } = mutation;
  const change = { file, start: String(start), end: String(end), replacement };
  const specs = nearSpecsOf(mutant).filter((spec) => !failing.has(spec));
  const equivalence = equivalenceOf(file, code, mutation);
  if (specs.length > 0 && (await isDetected(change, specs))) {
    count.near += 1;
    countFor(mutant, 'near');
    return equivalence === undefined ? 'noticed' : 'noticed, but listed as equivalent:';
  }
  if (equivalence !== undefined) {
    count.equivalent += 1;
    return `equivalent (${equivalence})`;
  }
  if (!types.accepts(file, mutation)) {
    count.invalid += 1;
    return 'does not compile:';
  }
  const spec = await distantDetection(mutant, change);
  if (spec !== undefined) {
    count.distant += 1;
    countFor(mutant, 'distant');
    return `noticed by ${spec}`;
  }
  survivors.push(place);
  countFor(mutant, null);
  return 'NOT NOTICED';
}

try {
  for (const spec of near) {
    if (!(await jest.detects({}, [spec]))) continue;
    if (await jest.detects({}, [spec])) failing.add(spec);
  }
  for (const spec of failing) process.stdout.write(`left out, because it fails without a mutant: ${spec}\n`);
  for (const [index, mutant] of sample.entries()) {
    const place = `${mutant.file}:${describeMutation(mutant.code, mutant.mutation)}`;
    process.stdout.write(`${index + 1}/${sample.length} ${await outcomeOf(mutant, place)} ${place}\n`);
  }
} finally {
  await jest.stop();
}
const noticed = count.near + count.distant;
const percentOf = (all: number): string => `${((100 * noticed) / Math.max(1, all)).toFixed(1)} %`;
const real = sample.length - count.equivalent - count.invalid;
process.stdout.write(
  `\nseed ${values.seed}: ${noticed} of ${real} noticed (${percentOf(real)}), ${count.near} of them beside the sources.\n` +
    `Not counted: ${count.equivalent} equivalent, ${count.invalid} that do not compile. ` +
    `With them it is ${noticed} of ${sample.length} (${percentOf(sample.length)}).\n`,
);
for (const [folder, { near: beside, noticed: detected, all }] of [...folders].toSorted(([one], [other]) =>
  one < other ? -1 : 1,
)) {
  process.stdout.write(`${folder}: ${detected} of ${all}, ${beside} of them beside the sources\n`);
}
for (const survivor of survivors) process.stdout.write(`not noticed: ${survivor}\n`);
