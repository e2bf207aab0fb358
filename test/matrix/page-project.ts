import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { blocksOf } from '../docs/support/blocks.js';
import { bin, finish, installed, packagesNeeded, readJson } from '../package/installed.js';
import type { Tarballs } from '../package/pack.js';
import { launchChromium } from '../support/chromium.js';
import { Child } from '../support/child.js';
import { ANGULAR_BUILT, makeAngularPage, makeNextPage, type AngularRelease } from './framework-pages.js';

/** A page that shows the names of new apps: of `create-vite`, of a framework, an application in `examples`, or without a build. */
export type PageTemplate = 'react-ts' | 'next' | 'plain' | `angular-${AngularRelease}` | ExamplePage;

type ExamplePage = (typeof EXAMPLES)[number];

const EXAMPLES = ['vue', 'svelte', 'solid'] as const;

const REACT = `
import { createRealtimeClient } from 'nestjs-realtime-client';
import { RealtimeProvider, useEvents } from 'nestjs-realtime-client/react';
import 'nestjs-realtime-client/platform-events';

const getToken = async () => (await fetch('/api/token')).text();
const client = createRealtimeClient({ url: '/ws', getToken });

function NewApps() {
  return <ol>{useEvents('apps:created').map(({ id, data }) => <li key={id}>{data.name}</li>)}</ol>;
}

export default function App() {
  return (
    <RealtimeProvider client={client}>
      <NewApps />
    </RealtimeProvider>
  );
}
`;

/** The API of the page: serves it with its token, and announces an app on request. */
const API = `
import 'reflect-metadata';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtService } from '@nestjs/jwt';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { EventsPublisher, RealtimeModule } from 'nestjs-realtime';
import 'nestjs-realtime/platform-events';

const secret = 'a secret for this test alone, long enough';

@Controller('api')
class AppsController {
  constructor(private readonly events: EventsPublisher) {}

  @Get('token')
  token(): string {
    return new JwtService({ secret }).sign({ sub: 'u1' }, { expiresIn: '15m' });
  }

  @Post('auth/login')
  signIn(): { token: string } {
    return { token: this.token() };
  }

  @Post('realtime-token')
  tokenOfSession(): string {
    return this.token();
  }

  @Post('apps')
  async create(): Promise<void> {
    await this.events.emit('apps:created', { id: '1', name: 'shop' });
  }
}

@Module({ imports: [RealtimeModule.forRoot({ jwt: { secret } })], controllers: [AppsController] })
class AppModule {}

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['error', 'warn'] });
app.useStaticAssets(process.argv[2]!);
await app.listen(0, '127.0.0.1');
console.log('listening on ' + (await app.getUrl()));
`;

const TSCONFIG = {
  compilerOptions: {
    ...{ target: 'es2022', lib: ['es2023'], module: 'nodenext', strict: true, skipLibCheck: true, types: ['node'] },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true, outDir: 'built' },
  },
  include: ['main.ts'],
};

const QUIETLY = ['--no-audit', '--no-fund', '--prefer-offline'];

/** Creates the page and its API in this folder. @throws Error with the output of the step that failed */
export async function makePageProject(
  root: string,
  template: PageTemplate,
  { server, client }: Tarballs,
): Promise<void> {
  const page = join(root, 'page');
  await mkdir(root);
  if (template === 'plain') await makePlainPage(page, client.path);
  else if (template === 'next') await makeNextPage(page, client.path);
  else if (isAngular(template)) await makeAngularPage(page, client.path, template.slice(-2) as AngularRelease);
  else if (isExample(template)) await makeExamplePage(page, template, client.path);
  else await makeVitePage(page, template, client.path);
  const beside = ['@nestjs/platform-express', '@types/node'];
  await installed(join(root, 'api'), [server], [...(await packagesNeeded()), ...beside], {
    'main.ts': API,
    'tsconfig.json': JSON.stringify(TSCONFIG),
  });
  await finish(process.execPath, [bin('typescript/bin/tsc'), '-p', '.'], join(root, 'api'));
}

async function makePlainPage(page: string, client: string): Promise<void> {
  await mkdir(join(page, 'dist'), { recursive: true });
  await writeFile(join(page, 'package.json'), '{ "name": "page", "private": true }');
  await finish('npm', ['install', ...QUIETLY, client], page);
  const html = blockIn('docs/browser.md', 'html');
  await writeFile(join(page, 'dist/index.html'), html);
  await cp(join(page, 'node_modules/nestjs-realtime-client/dist/browser'), join(page, 'dist/js'), { recursive: true });
}

async function makeVitePage(page: string, template: PageTemplate, client: string): Promise<void> {
  const create = ['--yes', '--package=create-vite', '--', 'create-vite', basename(page), '--template', template];
  await finish('npm', ['exec', ...create, '--no-interactive'], dirname(page));
  const manifest = await readJson<{ devDependencies: Record<string, string> }>(join(page, 'package.json'));
  for (const name of Object.keys(manifest.devDependencies))
    if (/eslint|^globals$|oxlint/.test(name)) delete manifest.devDependencies[name];
  await writeFile(join(page, 'package.json'), JSON.stringify(manifest));
  await finish('npm', ['install', ...QUIETLY], page);
  await finish('npm', ['install', ...QUIETLY, client], page);
  await writeFile(join(page, 'src/App.tsx'), REACT);
  await rm(join(page, 'src/components'), { recursive: true, force: true }); // they import the files of the template
}

const isAngular = (template: PageTemplate): boolean => template.startsWith('angular-');
const isExample = (template: PageTemplate): template is ExamplePage => EXAMPLES.includes(template as ExamplePage);

/** Installs an application of `examples` in another folder. */
async function makeExamplePage(page: string, name: ExamplePage, client: string): Promise<void> {
  await cp(`examples/${name}`, page, { recursive: true });
  await finish('npm', ['install', ...QUIETLY, client], page);
}

function blockIn(doc: string, language: string): string {
  const block = blocksOf(doc).find((candidate) => candidate.language === language);
  if (block === undefined) throw new Error(`${doc} has no block of ${language}`);
  return block.code;
}

/** Builds the page, opens it in Chromium, and waits for an event of its API. @throws Error if a step fails */
export async function checkPageProject(root: string, template: PageTemplate, env: NodeJS.ProcessEnv): Promise<void> {
  const page = join(root, 'page');
  if (template !== 'plain') await finish('npm', ['run', 'build'], page, env);
  const api = new Child('node', ['built/main.js', join(page, isAngular(template) ? ANGULAR_BUILT : 'dist')], {
    cwd: join(root, 'api'),
    env,
  });
  try {
    await api.said('listening on', 60_000);
    const [, url] = /listening on (\S+)/.exec(api.stdout) ?? [];
    await receivesEvent(url!, isAngular(template));
  } finally {
    await api.stop('SIGKILL');
  }
}

/** @param signsIn if the page has a form for that */
async function receivesEvent(url: string, signsIn: boolean): Promise<void> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const failed = new Promise<never>((_, reject) => page.once('pageerror', reject));
    const predicate = ({ payload }: { payload: string | Buffer }) => String(payload).includes('"type":"subscribed"');
    const subscribed = page
      .waitForEvent('websocket')
      .then((socket) => socket.waitForEvent('framereceived', { predicate }));
    const open = async (): Promise<void> => {
      await page.goto(url);
      if (signsIn) await page.getByRole('button', { name: 'Sign in' }).click();
    };
    await Promise.all([Promise.race([subscribed, failed]), open()]);
    const { status } = await fetch(`${url}/api/apps`, { method: 'POST' });
    if (status !== 201) throw new Error(`POST /api/apps answered ${status}`);
    await page.getByText('shop').waitFor();
  } finally {
    await browser.close();
  }
}
