import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { bin, finish, installed, pack, packagesNeeded, readJson } from './installed.js';

/** A build of an entry point. */
interface Build {
  readonly types: string;
  readonly default: string;
}

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Readonly<Record<string, Build>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** The doors that a server opens, and those of a browser. */
const SERVER = ['.', './terminus', './protocol', './client', './testing', './testing/nest', './testing/backend'];
/** It has types alone. */
const TYPES = ['./platform-events'];
const BROWSER = ['./protocol', './client', './client/shared', './testing', './react', './react-query'];

const nameOf = (subpath: string): string => `nestjs-realtime${subpath.slice(1)}`;
const importAll = (subpaths: readonly string[]): string =>
  subpaths.map((subpath, index) => `import * as door${index} from '${nameOf(subpath)}';`).join('\n');
const shapes = (subpaths: readonly string[]): string =>
  `[${subpaths.map((_, index) => `Object.keys(door${index}).length > 0`).join(', ')}].every(Boolean)`;

const NEST_APP = `
import 'reflect-metadata';
import 'nestjs-realtime/platform-events';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventsPublisher, RealtimeModule } from 'nestjs-realtime';
import { createRealtimeClient } from 'nestjs-realtime/client';
import { WebSocket } from 'ws';
${importAll(SERVER)}

@Module({ imports: [RealtimeModule.forRoot({ jwt: { secret: 'a secret for this test alone, long enough' } })] })
class AppModule {}

async function main() {
  if (!${shapes(SERVER)}) throw new Error('a door is empty');
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  const client = createRealtimeClient({ url: \`ws://127.0.0.1:\${port}/ws\`, WebSocket });
  const channel = client.channel('announcements');
  const heard = new Promise<string>((resolve) => channel.on('event', ({ data }) => resolve(data.message)));
  const subscribed = new Promise<void>((resolve) => channel.on('state', ({ state }) => state === 'subscribed' && resolve()));
  channel.subscribe();
  await subscribed;
  await app.get(EventsPublisher).emit('announcements', { message: 'installed' });
  console.log(await heard);
  client.close();
  await app.close();
}
void main();
`;

/** An application that cannot be started here: it is described anyway. */
const APP_MODULE = `
import { Injectable, Module } from '@nestjs/common';
import { IsString } from 'class-validator';
import { ChannelPolicy, RealtimeModule, type CanSubscribe } from 'nestjs-realtime';

class Shipped {
  @IsString()
  parcel!: string;
}

@Injectable()
class Database {
  constructor() {
    throw new Error('there is no database');
  }
}

@ChannelPolicy('orders:{orderId}:*')
class OrderPolicy implements CanSubscribe {
  constructor(readonly database: Database) {}
  canSubscribe = () => true;
}

@Injectable()
class Settings {
  readonly redis = { url: 'redis://nowhere.invalid:1' };
}
@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Module({
  imports: [
    RealtimeModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: async ({ redis }: Settings) => ({ redis, jwt: { secret: 'a secret for this test alone, long enough' } }),
    }),
    RealtimeModule.forFeature([{ name: 'orders:{orderId}:shipped', data: Shipped }]),
  ],
  providers: [Database, OrderPolicy],
})
export class AppModule {}
`;

/** The blocks of TypeScript in a document, as they stand there. */
async function blocksOf(doc: string): Promise<string[]> {
  return [...(await readFile(doc, 'utf8')).matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code!);
}

/** With the time that Jest gives a test by default: what an expectation has to say comes before that. */
const JEST_SPEC = `
import { Test } from '@nestjs/testing';
import { RealtimeTesting, RealtimeTestingModule } from 'nestjs-realtime/testing/nest';
import { announcesANewApp } from './built/apps.js';

it('announces a new app', announcesANewApp);

it('gives up before the test is over', async () => {
  const tested = await Test.createTestingModule({ imports: [RealtimeTestingModule.forRoot()] }).compile();
  const realtime = await RealtimeTesting.of(tested.createNestApplication());
  const client = await realtime.connect();
  await expect(client.expectEvent('announcements')).rejects.toThrow('This client has not subscribed to announcements.');
  await realtime.close();
});
`;

const NEST_TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023'],
    module: 'nodenext',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: false,
    types: ['node'],
    outDir: 'built',
  },
  include: ['*.ts', '*.cts'],
};

const VITE_APP = `
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { createRealtimeClient } from 'nestjs-realtime/client';
import { RealtimeProvider, useEvents } from 'nestjs-realtime/react';
import { useRealtimeInvalidation } from 'nestjs-realtime/react-query';
import 'nestjs-realtime/platform-events';
${importAll(BROWSER)}

function Apps() {
  useRealtimeInvalidation('apps:created', ['apps']);
  return <ol>{useEvents('apps:created', { limit: 10 }).map(({ id, data }) => <li key={id}>{data.name}</li>)}</ol>;
}

const client = createRealtimeClient({ url: '/ws' });
createRoot(document.body).render(
  <QueryClientProvider client={new QueryClient()}>
    <RealtimeProvider client={client}>
      <Apps />
      {String(${shapes(BROWSER)})}
    </RealtimeProvider>
  </QueryClientProvider>,
);
`;

/** Writes down which modules came into the bundle. */
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
    noEmit: true,
    types: [],
  },
  include: ['main.tsx'],
};

/** What may be in a bundle for browsers; everything else has leaked into it. */
const FOR_BROWSERS = [
  /\/an-app\/(main\.tsx|index\.html)/,
  /\/nestjs-realtime\/dist\/(client|react|protocol|platform-events|testing)\/(?!nest\/)/,
  /\/node_modules\/(react|react-dom|scheduler|@tanstack\/(react-query|query-core))\//,
  /^\0(rolldown\/|vite\/|.*commonjs)/,
];
const leakedOf = (modules: readonly string[]): string[] =>
  modules.filter((id) => !FOR_BROWSERS.some((pattern) => pattern.test(id)));

describe('the package, as it would be published', () => {
  let home: string;
  let tarball: string;
  let manifest: Manifest;

  beforeAll(async () => {
    if (!existsSync('dist/main.js')) throw new Error('There is no dist/main.js: run "npm run build" first');
    home = await makeTemporaryDirectory();
    tarball = await pack(home);
    manifest = await readJson<Manifest>('package.json');
  }, 60_000);
  afterAll(() => removeDirectory(home));

  it('holds what is imported, and nothing of the platform, of tests or of tools', async () => {
    const files = (await finish('tar', ['tzf', tarball])).trim().split('\n');
    const others = files.filter(
      (file) =>
        !/^package\/(dist\/(asyncapi-tools|cjs|realtime|terminus|protocol|platform-events|client|react|testing)\/|docs\/(decisions\/)?[\w-]+\.md$)/.test(
          file,
        ),
    );
    expect(new Set(others)).toEqual(
      new Set(['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'].map((file) => `package/${file}`)),
    );
    expect(files.filter((file) => /\.(spec|test)\.|\.tsx?$/.test(file) && !file.endsWith('.d.ts'))).toEqual([]);
    for (const builds of Object.values(manifest.exports)) {
      expect(Object.keys(builds)).toEqual(['module-sync', 'require', 'default']);
      const paths = Object.values(builds).flatMap(({ types, default: code }) => [types, code]);
      expect(files).toEqual(expect.arrayContaining(paths.map((path) => join('package', path))));
    }
    expect(new Set([...SERVER, ...BROWSER, ...TYPES])).toEqual(new Set(Object.keys(manifest.exports)));
    for (const paths of Object.values(manifest.exports).flatMap((builds) => Object.values(builds))) {
      expect(Object.keys(paths)).toEqual(['types', 'default']); // TypeScript takes the first that fits
    }
  });

  it('is clean to publint and to attw', async () => {
    expect(await finish(process.execPath, [bin('publint/src/cli.js'), 'run', tarball, '--strict'])).toContain(
      'All good',
    );
    const attw = [bin('@arethetypeswrong/cli/dist/index.js'), tarball, '--no-color'];
    const report = await finish(process.execPath, attw); // fails where it finds a problem
    for (const subpath of Object.keys(manifest.exports)) expect(report).toContain(`"${nameOf(subpath)}"`);
  }, 120_000);

  it('has a command that runs where nothing but it is installed', async () => {
    const root = join(home, 'a-frontend');
    const document = { asyncapi: '3.0.0', info: { title: 'Games', version: '1.0.0' }, channels: {} };
    await installed(root, tarball, [], { 'document.json': JSON.stringify(document) });
    const command = join(root, 'node_modules/nestjs-realtime', manifest.bin['nestjs-realtime-asyncapi']!);
    const code = await finish(process.execPath, [command, 'types', 'document.json'], root);
    expect(code).toContain('export interface Events {');
    const again = finish(process.execPath, [command, 'diff', 'document.json', 'absent.json'], root);
    await expect(again).rejects.toMatchObject({
      message: expect.stringContaining('absent.json cannot be read') as string,
      cause: { code: 2 },
    });
  });

  it('depends on what it imports and on nothing else; what an application must have once is a peer', async () => {
    const code = join(home, 'code');
    await installed(code, tarball, [], {});
    const rooms = join(code, 'node_modules/nestjs-realtime/dist');
    const lines = await finish('grep', [
      '-rhoE',
      "(from|import)[ (]'[^.'][^']*'",
      rooms,
      '--include=*.js',
      '--include=*.d.ts',
    ]);
    const imported = new Set(lines.match(/(?<=')(?!node:)(@[^/']+\/)?[^/'\n]+/gm));
    const { dependencies, peerDependencies } = manifest;
    const declared = Object.keys({ ...dependencies, ...peerDependencies }).filter(
      (name) => !name.startsWith('@types/'),
    );
    expect([...imported].toSorted()).toEqual(declared.toSorted());
    // Two copies of these, and Nest does not find its own providers, or a decorator writes where nobody reads.
    const once =
      /^(@nestjs\/(common|core|jwt|platform-ws|websockets|terminus|swagger)|class-(validator|transformer)|reflect-metadata|rxjs|react)$/;
    expect(Object.keys(dependencies).filter((name) => once.test(name))).toEqual([]);
  });

  it('runs in a fresh Nest application, imported and required, with what it declares and no more', async () => {
    const root = join(home, 'a-nest-app');
    const beside = ['@nestjs/platform-express', '@nestjs/terminus', '@types/node'];
    await installed(root, tarball, [...(await packagesNeeded()), ...beside], {
      'main.ts': NEST_APP,
      'required.cts': NEST_APP,
      'app.module.ts': APP_MODULE,
      'app.module.cts': APP_MODULE,
      'tsconfig.json': JSON.stringify(NEST_TSCONFIG),
    });
    await finish(process.execPath, [bin('typescript/bin/tsc'), '-p', '.'], root);
    expect(await readFile(join(root, 'built/required.cjs'), 'utf8')).toContain('require("nestjs-realtime")');
    for (const main of ['built/main.js', 'built/required.cjs']) {
      expect(await finish(process.execPath, ['--disable-warning=ExperimentalWarning', main], root)).toBe('installed\n');
    }
    const command = join(root, 'node_modules/nestjs-realtime', manifest.bin['nestjs-realtime-asyncapi']!);
    for (const module of ['built/app.module.js', 'built/app.module.cjs']) {
      const args = ['write', module, '-o', 'asyncapi.json', '--title', module, '--host', 'api.example'];
      expect(await finish(process.execPath, [command, ...args], root)).toBe('');
      expect(await readJson(join(root, 'asyncapi.json'))).toMatchObject({
        asyncapi: '3.0.0',
        info: { title: module },
        servers: { websocket: { host: 'api.example' } },
        channels: { orders_orderId_shipped: { 'x-realtime': { access: { policy: 'OrderPolicy' } } } },
        components: { schemas: { Shipped: { required: ['parcel'] } } },
      });
    }
  }, 120_000);

  it('runs as CommonJS, and refuses to be loaded as both', async () => {
    const root = join(home, 'a-nest-app');
    const required = await readFile(join(root, 'built/required.cjs'), 'utf8');
    const asCommonJs = required.replaceAll(/require\("nestjs-realtime(\/?[^"]*)"\)/g, (_, subpath: string) => {
      const { default: code } = manifest.exports[`.${subpath}`]!['require']!;
      return `require("../node_modules/nestjs-realtime/${code}")`;
    });
    await writeFile(join(root, 'built/commonjs.cjs'), asCommonJs);
    const quietly = '--disable-warning=ExperimentalWarning'; // Nest 12 is an ES module
    expect(await finish(process.execPath, [quietly, 'built/commonjs.cjs'], root)).toBe('installed\n');

    const files = "require('./node_modules/nestjs-realtime/dist/cjs/realtime/http/console-files.js')";
    const assets = `console.log(${files}.readConsole().assets.size > 0)`; // the console is there once, for both builds
    expect(await finish(process.execPath, ['-e', assets], root)).toBe('true\n');

    const both = "require('nestjs-realtime'); require('./node_modules/nestjs-realtime/dist/cjs/realtime/index.js')";
    await expect(finish(process.execPath, [quietly, '-e', both], root)).rejects.toThrow(
      'nestjs-realtime is loaded twice: first its build as ES modules, now its build as CommonJS.',
    );
  }, 60_000);

  it('is loaded by a stock Jest, which has no ES modules', async () => {
    const root = join(home, 'a-tested-frontend');
    const names = ['./protocol', './client', './client/shared', './testing', './react', './react-query'];
    const spec = `it.each(${JSON.stringify(names.map(nameOf))})('%s', (name) => {
      expect(Object.keys(require(name)).length).toBeGreaterThan(0);
    });`;
    await installed(root, tarball, ['react', '@tanstack/react-query'], {
      'package.json': JSON.stringify({ private: true }),
      'doors.spec.js': spec,
      'jest.config.json': '{}',
    });
    const jest = [bin('jest/bin/jest.js'), '--config', 'jest.config.json', '--json'];
    const outcome = JSON.parse(await finish(process.execPath, jest, root)) as unknown;
    expect(outcome).toMatchObject({ numPassedTests: names.length, success: true });
  }, 60_000);

  it('tests an application as the docs have it, with Jest and with node:test', async () => {
    const root = join(home, 'a-tested-app');
    const blocks = await blocksOf('docs/testing.md');
    const beside = ['@nestjs/platform-express', '@nestjs/testing', '@types/node'];
    await installed(root, tarball, [...(await packagesNeeded()), ...beside], {
      'apps.ts': blocks.find((code) => code.includes('announcesANewApp'))!,
      'apps.spec.mjs': JEST_SPEC,
      'node.ts': blocks.find((code) => code.includes("from 'node:test'"))!,
      'jest.config.json': JSON.stringify({ testMatch: ['**/apps.spec.mjs'], transform: {} }),
      'tsconfig.json': JSON.stringify(NEST_TSCONFIG),
    });
    await finish(process.execPath, [bin('typescript/bin/tsc'), '-p', '.'], root);
    expect(await finish(process.execPath, ['--test', 'built/node.js'], root)).toMatch(/^# pass 1$/m);
    const jest = ['--experimental-vm-modules', bin('jest/bin/jest.js'), '--config', 'jest.config.json', '--json'];
    expect(JSON.parse(await finish(process.execPath, jest, root))).toMatchObject({ numPassedTests: 2, success: true });
  }, 120_000);

  it('is built into a fresh Vite application, of which no part is server code', async () => {
    const root = join(home, 'an-app');
    const packages = ['react', 'react-dom', '@tanstack/react-query', '@types/react', '@types/react-dom'];
    await installed(root, tarball, packages, {
      'main.tsx': VITE_APP,
      'index.html': '<!doctype html><title>app</title><script type="module" src="/main.tsx"></script>',
      'vite.config.js': VITE_CONFIG,
      'tsconfig.json': JSON.stringify(VITE_TSCONFIG),
    });
    await finish(process.execPath, [bin('typescript/bin/tsc'), '-p', '.'], root);
    await finish(process.execPath, [bin('vite/bin/vite.js'), 'build'], root);
    const modules = await readJson<string[]>(join(root, 'modules.json'));
    expect(leakedOf(modules)).toEqual([]);
    for (const room of ['client', 'react', 'protocol']) {
      expect(modules.filter((id) => id.includes(`/nestjs-realtime/dist/${room}/`))).not.toEqual([]);
    }
    const server = join(root, 'node_modules/nestjs-realtime/dist/realtime/index.js');
    expect(leakedOf([...modules, server, '\0node:fs'])).toEqual([server, '\0node:fs']);
  }, 120_000);

  it('gives a bundle no more than it uses', async () => {
    const resolveDir = join(home, 'an-app');
    const contents = "import { userChannel } from 'nestjs-realtime/protocol'; console.log(userChannel('u1'));";
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
