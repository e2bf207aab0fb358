import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { areFilled, importAll, namesOf } from './entry-points.js';
import { bin, compileAsUsersDo, compileNatively, finish, installed, packagesNeeded, readJson } from './installed.js';
import { pack, type Tarballs } from './pack.js';

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Readonly<Record<string, { readonly default: string }>>>>;
}

/** Entry points that have code. */
const CODE = namesOf('nestjs-realtime').filter((name) => !name.endsWith('/platform-events'));

const NEST_APP = `
import 'reflect-metadata';
import 'nestjs-realtime/platform-events';
import 'nestjs-realtime-client/platform-events';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventsPublisher, RealtimeModule } from 'nestjs-realtime';
import { createRealtimeClient } from 'nestjs-realtime-client';
import { WebSocket } from 'ws';
${importAll(CODE)}

@Module({ imports: [RealtimeModule.forRoot({ jwt: { secret: 'a secret for this test alone, long enough' } })] })
class AppModule {}

async function main() {
  if (!${areFilled(CODE)}) throw new Error('an entry point is empty');
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  const client = createRealtimeClient({ url: \`ws://127.0.0.1:\${port}/ws\`, WebSocket });
  const channel = client.channel('announcements');
  const received = new Promise<string>((resolve) => channel.on('event', ({ data }) => resolve(data.message)));
  const subscribed = new Promise<void>((resolve) => channel.on('state', ({ state }) => state === 'subscribed' && resolve()));
  channel.subscribe();
  await subscribed;
  await app.get(EventsPublisher).emit('announcements', { message: 'installed' });
  console.log(await received);
  client.close();
  await app.close();
}
void main();
`;

/** An application that cannot be started here. The command describes it anyway. */
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

/** Returns the TypeScript blocks of a document. */
async function blocksOf(doc: string): Promise<string[]> {
  return [...(await readFile(doc, 'utf8')).matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code!);
}

/** The second test runs with Jest's default time limit: an expectation must fail with its message before that. */
const JEST_SPEC = `
import { Test } from '@nestjs/testing';
import { RealtimeTesting, RealtimeTestingModule } from 'nestjs-realtime/testing';
import { announcesANewApp } from './built/apps.js';

it('announces a new app', announcesANewApp, 60_000);

it('fails before the time limit of the test', async () => {
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
    skipDefaultLibCheck: true,
    types: ['node'],
    outDir: 'built',
  },
  include: ['*.ts', '*.cts'],
};

describe('the package of the server, as it would be published', () => {
  let home: string;
  let tarballs: Tarballs;
  let manifest: Manifest;

  beforeAll(async () => {
    home = await makeTemporaryDirectory();
    tarballs = await pack();
    manifest = await readJson<Manifest>('package.json');
  }, 60_000);
  afterAll(() => removeDirectory(home));

  it('runs in a new Nest application, imported and required, with only its declared dependencies', async () => {
    const root = join(home, 'a-nest-app');
    const beside = ['@nestjs/platform-express', '@nestjs/terminus', '@types/node'];
    await installed(root, [tarballs.server, tarballs.client], [...(await packagesNeeded()), ...beside], {
      'main.ts': NEST_APP,
      'required.cts': NEST_APP,
      'app.module.ts': APP_MODULE,
      'app.module.cts': APP_MODULE,
      'tsconfig.json': JSON.stringify(NEST_TSCONFIG),
    });
    await compileAsUsersDo(root);
    expect(await readFile(join(root, 'built/required.cjs'), 'utf8')).toContain('require("nestjs-realtime")');
    for (const main of ['built/main.js', 'built/required.cjs']) {
      expect(await finish(process.execPath, ['--disable-warning=ExperimentalWarning', main], root)).toBe('installed\n');
    }
    const command = join(root, 'node_modules/nestjs-realtime', manifest.bin['nestjs-realtime']!);
    for (const module of ['built/app.module.js', 'built/app.module.cjs']) {
      const args = ['asyncapi', module, '-o', 'asyncapi.json', '--title', module, '--host', 'api.example'];
      expect(await finish(process.execPath, [command, ...args], root)).toBe('');
      expect(await readJson(join(root, 'asyncapi.json'))).toMatchObject({
        asyncapi: '3.0.0',
        info: { title: module },
        servers: { websocket: { host: 'api.example' } },
        channels: { orders_orderId_shipped: { 'x-realtime': { access: { policy: 'OrderPolicy' } } } },
        components: { schemas: { Shipped: { required: ['parcel'] } } },
      });
    }
  }, 300_000);

  it('runs as CommonJS, and refuses to be loaded as both', async () => {
    const root = join(home, 'a-nest-app');
    const required = await readFile(join(root, 'built/required.cjs'), 'utf8');
    const asCommonJs = required.replaceAll(/require\("nestjs-realtime((?:\/[^"]*)?)"\)/g, (_, subpath: string) => {
      const { default: code } = manifest.exports[`.${subpath}`]!['require']!;
      return `require("../node_modules/nestjs-realtime/${code}")`;
    });
    await writeFile(join(root, 'built/commonjs.cjs'), asCommonJs);
    const quietly = '--disable-warning=ExperimentalWarning'; // Nest 12 is an ES module
    expect(await finish(process.execPath, [quietly, 'built/commonjs.cjs'], root)).toBe('installed\n');

    const files = "require('./node_modules/nestjs-realtime/dist/cjs/realtime/http/console-files.js')";
    const assets = `console.log(${files}.readConsole().assets.size > 0)`; // both builds share one copy of the console
    expect(await finish(process.execPath, ['-e', assets], root)).toBe('true\n');

    const both = "require('nestjs-realtime'); require('./node_modules/nestjs-realtime/dist/cjs/realtime/index.js')";
    await expect(finish(process.execPath, [quietly, '-e', both], root)).rejects.toThrow(
      'nestjs-realtime is loaded twice: first its build as ES modules, now its build as CommonJS.',
    );
  }, 60_000);

  it('tests an application as documented, with Jest and with node:test', async () => {
    const root = join(home, 'a-tested-app');
    const blocks = await blocksOf('docs/testing.md');
    const beside = ['@nestjs/platform-express', '@nestjs/testing', '@types/node'];
    await installed(root, [tarballs.server], [...(await packagesNeeded()), ...beside], {
      'apps.ts': blocks.find((code) => code.includes('announcesANewApp'))!,
      'apps.spec.mjs': JEST_SPEC,
      'node.ts': blocks.find((code) => code.includes("from 'node:test'"))!,
      'jest.config.json': JSON.stringify({ testMatch: ['**/apps.spec.mjs'], transform: {} }),
      'tsconfig.json': JSON.stringify(NEST_TSCONFIG),
    });
    await compileNatively(root);
    expect(await finish(process.execPath, ['--test', 'built/node.js'], root)).toMatch(/^# pass 1$/m);
    const jest = ['--experimental-vm-modules', bin('jest/bin/jest.js'), '--config', 'jest.config.json', '--json'];
    expect(JSON.parse(await finish(process.execPath, jest, root))).toMatchObject({ numPassedTests: 2, success: true });
  }, 300_000);
});
