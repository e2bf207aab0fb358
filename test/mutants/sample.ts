/**
 * `npm run test:mutants -- --seed 1 --count 40 --folder src/realtime/auth`: changes one place of the sources after the other and
 * runs the specs of its folder that load the file. It lists each mutant that they do not detect. The default folder is `src`;
 * `--folder` can be given several times. `--distant` also runs the specs of the area in `test`, except those that start
 * other processes; `--specs PATTERN` those whose path matches, such as `test/presence`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../support/random.js';
import { MutantProcess } from './mutant-process.js';
import { describeMutation, mutationsOf, type Mutation } from './mutations.js';
import { closureOf, relatedSpecs } from './related.js';

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
    distant: { type: 'boolean', default: false },
  },
});

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));

/** Sources without specs, suites of specs, pages and declarations. */
const isSource = (file: string): boolean =>
  file.endsWith('.ts') &&
  !/\.(spec|d)\.ts$|^src\/(console|platform\/page)\/|^src\/testing\/backend\/|\/index\.ts$/.test(file);

/** Folders of `test` with the specs of an area. Without an entry it is the folder of the same name. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  backends: ['broker', 'backends', 'presence', 'control', 'instances'],
  channels: ['realtime', 'tenants'],
  cluster: ['cluster', 'control', 'instances', 'operators'],
  connections: ['realtime'],
  delivery: ['realtime'],
  gateway: ['realtime', 'host'],
  auth: ['realtime', 'control'],
  http: ['operators', 'realtime'],
  monitoring: ['observability'],
  occupancy: ['hooks', 'tenants'],
  options: ['realtime', 'docs'],
  publishing: ['outbox', 'transactions', 'realtime'],
  protocol: ['realtime', 'client'],
  timing: ['realtime'],
};

/** Files that start the platform or a browser. These run the build, so their specs do not detect a mutant. */
const PROCESSES = /^test\/support\/(platform-process|chromium|firefox|postgres-process|compile)\.ts$/;

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
const others = filesIn('test').filter(
  (file) => file.endsWith('.spec.ts') && ![...closureOf(file)].some((path) => PROCESSES.test(path)),
);

/** The specs of a mutant beside its sources that load its file. */
const nearSpecsOf = ({ file }: Mutant): string[] =>
  relatedSpecs(
    file,
    filesIn(areaOf(file)).filter((path) => path.endsWith('.spec.ts')),
  );

/** The specs of a mutant in `test`. */
const distantSpecsOf = ({ file }: Mutant): string[] => {
  const name = basename(areaOf(file));
  const folders = values.distant ? (FOLDERS[name] ?? [name]) : [];
  return relatedSpecs(
    file,
    others.filter((path) => folders.includes(path.split('/')[1]!) || wanted?.test(path)),
  );
};

const sample = sampleOf(values.folder.flatMap(mutantsIn), new Random(values.seed), Number(values.count));
const near = [...new Set(sample.flatMap(nearSpecsOf))];
const distant = [...new Set(sample.flatMap(distantSpecsOf))];
const survivors: string[] = [];
const jest = new MutantProcess([...near, ...distant]);
let noticedNear = 0;

/** Returns the first distant spec that detects a mutant. A spec that also fails without it does not count. */
async function distantDetection(mutant: Mutant, change: Readonly<Record<string, string>>): Promise<string | undefined> {
  for (const spec of distantSpecsOf(mutant)) {
    if ((await jest.detects(change, [spec])) && !(await jest.detects({}, [spec]))) return spec;
  }
  return undefined;
}

try {
  for (const spec of near) {
    if (await jest.detects({}, [spec])) throw new Error(`${spec} fails without a mutant`);
  }
  for (const [index, mutant] of sample.entries()) {
    const { file, code, mutation } = mutant;
    const { start, end, replacement } = mutation;
    const change = { file, start: String(start), end: String(end), replacement };
    const specs = nearSpecsOf(mutant);
    const isNear = specs.length > 0 && (await jest.detects(change, specs));
    if (isNear) noticedNear += 1;
    const spec = isNear ? undefined : await distantDetection(mutant, change);
    const isDetected = isNear || spec !== undefined;
    const place = `${file}:${describeMutation(code, mutation)}`;
    if (!isDetected) survivors.push(place);
    const outcome = isDetected ? `noticed${spec === undefined ? '' : ` by ${spec}`}` : 'NOT NOTICED';
    process.stdout.write(`${index + 1}/${sample.length} ${outcome} ${place}\n`);
  }
} finally {
  await jest.stop();
}
const noticed = sample.length - survivors.length;
process.stdout.write(
  `\nseed ${values.seed}: ${noticed} of ${sample.length} noticed, ${noticedNear} beside the sources\n`,
);
for (const survivor of survivors) process.stdout.write(`not noticed: ${survivor}\n`);
