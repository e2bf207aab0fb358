import { build } from 'esbuild';
import { basename, join } from 'node:path';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { areFilled, importAll, namesOf } from './entry-points.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { bin, compileAsUsersDo, finish, installed, readJson } from './installed.js';
import { pack, type Tarballs } from './pack.js';

/** Entry points that have code. Angular's compiler compiles applications with the one for Angular: test/angular. */
const CODE = namesOf('nestjs-realtime-client').filter((name) => !/\/(platform-events|angular)$/.test(name));

/** Packages of the entry points for frameworks. */
const FRAMEWORKS = ['react', '@tanstack/react-query', 'rxjs', 'solid-js', 'svelte', 'vue'];

/** Entry points of a page that compiles without the types of Node, which those of the AI SDK need. */
const FOR_PAGES = CODE.filter((name) => !name.endsWith('/ai-sdk'));

/** Entry points whose framework has a build for CommonJS. */
const FOR_COMMONJS = CODE.filter((name) => !name.endsWith('/svelte'));

const VITE_APP = `
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { createRealtimeClient } from 'nestjs-realtime-client';
import { RealtimeProvider, useEvents } from 'nestjs-realtime-client/react';
import { useRealtimeInvalidation } from 'nestjs-realtime-client/react-query';
import { mountDevtools } from 'nestjs-realtime-client/devtools';
import 'nestjs-realtime-client/platform-events';
${importAll(FOR_PAGES)}

function Apps() {
  useRealtimeInvalidation('apps:created', ['apps']);
  return <ol>{useEvents('apps:created', { limit: 10 }).map(({ id, data }) => <li key={id}>{data.name}</li>)}</ol>;
}

const client = createRealtimeClient({ url: '/ws' });
mountDevtools(client, { open: true });
createRoot(document.body).render(
  <QueryClientProvider client={new QueryClient()}>
    <RealtimeProvider client={client}>
      <Apps />
      {String(${areFilled(FOR_PAGES)})}
    </RealtimeProvider>
  </QueryClientProvider>,
);
`;

/** Records the modules in the bundle. */
const VITE_CONFIG = `
import { writeFileSync } from 'node:fs';
export default {
  logLevel: 'silent',
  plugins: [{
    name: 'modules',
    generateBundle(_, bundle) {
      writeFileSync('modules.json', JSON.stringify(Object.values(bundle).flatMap((chunk) => chunk.moduleIds ?? [])));
    },
  }],
};
`;

const VITE_TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023', 'dom'],
    module: 'esnext',
    moduleResolution: 'bundler',
    jsx: 'react-jsx',
    strict: true,
    skipLibCheck: false,
    skipDefaultLibCheck: true,
    noEmit: true,
    types: [],
  },
  include: ['main.tsx'],
};

/** Modules allowed in a bundle for browsers. */
const FOR_BROWSERS = [
  /\/an-app\/(main\.tsx|index\.html)/,
  /\/nestjs-realtime-client\/dist\/(client|bindings|react|vue|svelte|solid|rxjs|react-native|devtools|protocol|platform-events|testing)\//,
  /\/node_modules\/(react|react-dom|scheduler|rxjs|tslib|@tanstack\/(react-query|query-core)|vue|@vue\/[\w-]+|svelte|esm-env|solid-js)\//,
  /^\0(rolldown\/|vite\/|.*commonjs)/,
];
const leakedOf = (modules: readonly string[]): string[] =>
  modules.filter((id) => !FOR_BROWSERS.some((pattern) => pattern.test(id)));

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
}

describe('the package of the client, as it would be published', () => {
  let home: string;
  let tarballs: Tarballs;

  beforeAll(async () => {
    home = await makeTemporaryDirectory();
    tarballs = await pack();
  }, 60_000);
  afterAll(() => removeDirectory(home));

  it('has a command that runs without other packages', async () => {
    const root = join(home, 'a-frontend');
    const document = { asyncapi: '3.0.0', info: { title: 'Games', version: '1.0.0' }, channels: {} };
    await installed(root, [tarballs.client], [], { 'document.json': JSON.stringify(document) });
    const { bin: commands } = await readJson<Manifest>(join(root, 'node_modules/nestjs-realtime-client/package.json'));
    const command = join(root, 'node_modules/nestjs-realtime-client', commands['nestjs-realtime-client']!);
    const code = await finish(process.execPath, [command, 'types', 'document.json'], root);
    expect(code).toContain('export interface Events {');
    const again = finish(process.execPath, [command, 'diff', 'document.json', 'absent.json'], root);
    await expect(again).rejects.toMatchObject({
      message: expect.stringContaining('absent.json cannot be read') as string,
      cause: { code: 2 },
    });
    const app = await RealtimeApp.start();
    const check = await finish(process.execPath, [command, 'check', '--url', app.http], root);
    expect(check).toMatch(/\nAll steps passed\.\n$/);
    await app.close();
  });

  it('is loaded by a stock Jest, which does not support ES modules', async () => {
    const root = join(home, 'a-tested-frontend');
    const spec = `it.each(${JSON.stringify(FOR_COMMONJS)})('%s', (name) => {
      expect(Object.keys(require(name)).length).toBeGreaterThan(0);
    });`;
    await installed(root, [tarballs.client], FRAMEWORKS, {
      'package.json': JSON.stringify({ private: true }),
      'entry-points.spec.js': spec,
      'jest.config.json': '{}',
    });
    const jest = [bin('jest/bin/jest.js'), '--config', 'jest.config.json', '--json'];
    const outcome = JSON.parse(await finish(process.execPath, jest, root)) as unknown;
    expect(outcome).toMatchObject({ numPassedTests: FOR_COMMONJS.length, success: true });
  }, 60_000);

  it('is built into a new Vite application without server code', async () => {
    const root = join(home, 'an-app');
    const packages = [...FRAMEWORKS, 'react-dom', '@types/react', '@types/react-dom'];
    await installed(root, [tarballs.client], packages, {
      'main.tsx': VITE_APP,
      'index.html': '<!doctype html><title>app</title><script type="module" src="/main.tsx"></script>',
      'vite.config.js': VITE_CONFIG,
      'tsconfig.json': JSON.stringify(VITE_TSCONFIG),
    });
    await compileAsUsersDo(root);
    // Jest sets NODE_ENV to `test`. `vite build` takes the condition `production` if it is not set.
    const env = { ...process.env, NODE_ENV: undefined };
    await finish(process.execPath, [bin('vite/bin/vite.js'), 'build'], root, env);
    const modules = await readJson<string[]>(join(root, 'modules.json'));
    expect(leakedOf(modules)).toEqual([]);
    for (const room of ['client', 'react', 'protocol']) {
      expect(modules.filter((id) => id.includes(`/nestjs-realtime-client/dist/${room}/`))).not.toEqual([]);
    }
    const devtools = modules.filter((id) => id.includes('/dist/devtools/'));
    expect(devtools.map((id) => basename(id))).toEqual(['none.js']); // a build for production
    const server = join(root, 'node_modules/nestjs-realtime/dist/realtime/index.js');
    expect(leakedOf([...modules, server, '\0node:fs'])).toEqual([server, '\0node:fs']);
  }, 120_000);

  it('contains the panel of the devtools only in bundles for development', async () => {
    const contents = `import { createRealtimeClient } from 'nestjs-realtime-client';
      import { mountDevtools } from 'nestjs-realtime-client/devtools';
      mountDevtools(createRealtimeClient({ url: '/ws' }), { open: true });`;
    const sizeWith = async (conditions: string[]): Promise<number> => {
      const stdin = { contents, resolveDir: join(home, 'an-app') };
      const { metafile } = await build({
        ...{ stdin, conditions, bundle: true, write: false, minify: true, format: 'esm', metafile: true },
      });
      const [output] = Object.values(metafile.outputs);
      return Object.entries(output!.inputs)
        .filter(([path]) => path.includes('/dist/devtools/'))
        .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
    };
    for (const conditions of [[], ['production'], ['module', 'node']]) {
      expect(await sizeWith(conditions)).toBeLessThan(100); // a function that does nothing
    }
    expect(await sizeWith(['development'])).toBeGreaterThan(5_000);
  });

  it('adds only used code to a bundle', async () => {
    const resolveDir = join(home, 'an-app');
    const contents = "import { userChannel } from 'nestjs-realtime-client/protocol'; console.log(userChannel('u1'));";
    const { metafile, outputFiles } = await build({
      stdin: { contents, resolveDir },
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      metafile: true,
    });
    const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    );
    expect(used.filter((path) => path.includes('dist')).map((path) => path.split('dist/')[1])).toEqual([
      'protocol/channel-name.js',
    ]);
    expect(outputFiles[0]!.text.length).toBeLessThan(1_000);
  });
});
