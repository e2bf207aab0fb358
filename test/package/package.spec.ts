import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { entryPointsOf } from '../support/packages.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { namesOf } from './entry-points.js';
import { bin, finish, installed, readJson } from './installed.js';
import { pack, type Tarballs } from './pack.js';

interface Manifest {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Built folders of each package, and its other files. */
const CONTENTS = {
  server: {
    name: 'nestjs-realtime',
    built:
      /^dist\/(cjs\/)?(realtime|terminus|protocol|platform-events|testing\/(nest|backend))\/|^dist\/(asyncapi-tools|client|command-line)\//,
    others:
      /^(docs|examples)\/|^bench\/\w+\.md$|^src\/client\/README\.md$|^(\.env\.example|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md)$/,
  },
  client: {
    name: 'nestjs-realtime-client',
    built:
      /^dist\/(command\.js$|browser\/|(cjs\/)?((client|protocol|platform-events|bindings|angular|react|rxjs|vue|svelte|solid|ai-sdk|react-native|devtools)\/|testing\/[\w-]+\.))/,
    others: /^docs\/(frameworks\/)?[\w-]+\.md$|^CHANGELOG\.md$/,
  },
} as const;
const ALWAYS = /^(LICENSE|README\.md|package\.json|dist\/cjs\/package\.json)$/;

/** Peers. With two copies, Nest does not find its providers, or no code reads the metadata of a decorator. */
const ONCE =
  /^(@nestjs\/(common|core|jwt|platform-ws|websockets|terminus|swagger)|class-(validator|transformer)|reflect-metadata|rxjs|react|@angular\/core)$/;

let home: string;
let tarballs: Tarballs;
/** Folder with both packages installed. */
let root: string;

beforeAll(async () => {
  if (!existsSync('dist/main.js')) throw new Error('dist/main.js is missing: run "npm run build" first');
  home = await makeTemporaryDirectory();
  root = join(home, 'both');
  tarballs = await pack();
  await installed(root, [tarballs.server, tarballs.client], [], {});
}, 60_000);
afterAll(() => removeDirectory(home));

describe.each(['server', 'client'] as const)('the package of the %s, as it would be published', (which) => {
  const { name, built, others } = CONTENTS[which];
  const folder = (): string => join(root, 'node_modules', name);
  const manifestOf = () => readJson<Manifest>(join(folder(), 'package.json'));
  const filesOf = async () =>
    (await finish('tar', ['tzf', tarballs[which].path]))
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));

  it('has the entry points of packages.cjs, and the same version as the other package', async () => {
    const manifest = await manifestOf();
    expect(manifest).toMatchObject({
      ...entryPointsOf(name),
      version: (await readJson<Manifest>('package.json')).version,
    });
    expect(manifest).not.toHaveProperty('private');
    expect(manifest.scripts['prepublishOnly']).toContain('.ci/publishable.mjs');
    for (const [subpath, builds] of Object.entries(manifest.exports)) {
      const first = subpath === './devtools' ? ['development'] : [];
      expect(Object.keys(builds)).toEqual([...first, 'module-sync', 'require', 'default']);
      for (const paths of Object.values(builds)) expect(Object.keys(paths)).toEqual(['types', 'default']); // TypeScript uses the first match
    }
  });

  it('contains every imported file, and no file of the platform, tests or tools', async () => {
    const files = await filesOf();
    const kinds = [built, others, ALWAYS];
    expect(files.filter((file) => !kinds.some((kind) => kind.test(file)))).toEqual([]);
    const sources = files.filter((file) => !file.startsWith('examples/') && /\.(spec|test)\.|\.tsx?$/.test(file));
    expect(sources.filter((file) => !file.endsWith('.d.ts'))).toEqual([]);
    const manifest = await manifestOf();
    const paths = Object.values(manifest.exports).flatMap((builds) => Object.values(builds).flatMap(Object.values));
    const commands = Object.values(manifest.bin);
    expect(files).toEqual(expect.arrayContaining([...(paths as string[]), ...commands].map(normalize)));
  });

  it('contains every file that its docs link to', async () => {
    const files = await filesOf();
    const pages = files.filter((file) => file.endsWith('.md'));
    expect(pages.length).toBeGreaterThan(4);
    for (const page of pages) {
      const text = (await readFile(join(folder(), page), 'utf8')).replaceAll(/^```[^]*?^```$/gm, '');
      const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!.split('#')[0]!);
      const local = links.filter((link) => link !== '' && !/^[a-z]+:/.test(link));
      const targets = local.map((link) => normalize(join(dirname(page), link)));
      expect([page, targets.filter((target) => !existsSync(join(folder(), target)))]).toEqual([page, []]);
    }
  });

  it('passes publint and attw', async () => {
    const { path } = tarballs[which];
    expect(await finish(process.execPath, [bin('publint/src/cli.js'), 'run', path, '--strict'])).toContain('All good');
    const attw = [bin('@arethetypeswrong/cli/dist/index.js'), path, '--no-color'];
    const report = await finish(process.execPath, attw); // fails if it finds a problem
    for (const entry of namesOf(name)) expect(report).toContain(`"${entry}"`);
  }, 300_000);

  it('depends on exactly the packages that it imports; one that an application must have once is a peer', async () => {
    const { dependencies = {}, peerDependencies } = await manifestOf();
    const declared = Object.keys({ ...dependencies, ...peerDependencies }).filter(
      (dependency) => !dependency.startsWith('@types/'),
    );
    expect(await importsOf(join(folder(), 'dist'))).toEqual(declared.toSorted());
    expect(Object.keys(dependencies).filter((dependency) => ONCE.test(dependency))).toEqual([]);
  });
});

describe('the two packages', () => {
  it('do not need each other: the client needs at most a framework of a page, and the server no package of a page', async () => {
    const dist = (name: string): string => join(root, 'node_modules', name, 'dist');
    expect(await importsOf(dist('nestjs-realtime-client'))).toEqual([
      ...['@angular/core', '@tanstack/react-query', 'ai', 'react', 'rxjs', 'solid-js', 'svelte', 'vue'],
    ]);
    const ofServer = await importsOf(dist('nestjs-realtime'));
    expect(ofServer.filter((name) => /react|^nestjs-realtime/.test(name))).toEqual([]);
    expect(ofServer).toContain('@nestjs/core');
  });
});

/** Returns the packages that the ES modules of a folder and their types import. */
async function importsOf(folder: string): Promise<string[]> {
  const pattern = "(from |import[ (])'[^.'][^']*'";
  const lines = await finish('grep', ['-rhoE', pattern, folder, '--include=*.js', '--include=*.d.ts']);
  return [...new Set(lines.match(/(?<=')(?!node:)(@[^/']+\/)?[^/'\n]+/gm))].toSorted();
}
