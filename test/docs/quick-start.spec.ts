import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { runInNewContext } from 'node:vm';
import ts from 'typescript';
import { WebSocket } from 'ws';
import { Child } from '../support/child.js';
import { signToken, TEST_SECRET } from '../support/jwt.js';
import { freePort } from '../support/ports.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

/** Packages that a new application has installed, besides this one. */
const INSTALLED = ['@nestjs/common', '@nestjs/core'];

/** The blocks of one language under "Into your application, in ten lines" in the README. */
async function quickStart(language: 'ts' | 'js'): Promise<string[]> {
  const section = (await readFile('README.md', 'utf8'))
    .split('\n## Into your application, in ten lines\n')[1]!
    .split('\n### ')[0]!;
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code!);
}

/** Replaces the port with a free one. */
function onPort(port: number, code: string): string {
  expect(code.split('8888')).toHaveLength(2);
  return code.replace('8888', String(port));
}

/** Makes the service of the quick start create an application at each signal, one that Nest does not handle. */
const CREATE = `\nprocess.on('SIGCONT', () => void app.get(AppsService).create('shop'));\nconsole.log('listening');\n`;

describe('the quick start of the README', () => {
  let home: string;
  let port: number;
  let server: Child;

  beforeAll(async () => {
    if (!existsSync('dist/main.js')) throw new Error('dist/main.js is missing: run "npm run build" first');
    home = await makeTemporaryDirectory();
    port = await freePort();
    const [code] = await quickStart('ts');
    const { outputText } = ts.transpileModule(onPort(port, code!), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    await writeFile(join(home, 'main.mjs'), outputText + CREATE);
    for (const name of ['nestjs-realtime', ...INSTALLED]) {
      const link = join(home, 'node_modules', name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(name === 'nestjs-realtime' ? resolve('.') : resolve('node_modules', name), link);
    }
    const { PATH } = process.env;
    server = new Child(process.execPath, ['main.mjs'], { cwd: home, env: { PATH, JWT_SECRET: TEST_SECRET } });
    await server.said('listening', 60_000);
  }, 90_000);

  afterAll(async () => {
    await server.stop('SIGKILL');
    await removeDirectory(home);
  }, 60_000);

  it('is short', async () => {
    const blocks = await quickStart('ts');
    expect(blocks[0]!.split('\n').length).toBeLessThan(30);
  });

  it('delivers the events of the service to a page', async () => {
    const said: unknown[][] = [];
    const log = (...parts: unknown[]): void => void said.push(parts);
    const sockets: WebSocket[] = [];
    let subscribed = false;
    class Observed extends WebSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
        this.on('message', (text: Buffer) => (subscribed ||= text.includes('"subscribed","channel":"apps:created"')));
      }
    }
    const [page] = await quickStart('js');
    const token = signToken({ sub: 'u1' });
    runInNewContext(onPort(port, page!), { WebSocket: Observed, token, console: { log, warn: log } });
    try {
      await until(() => subscribed, 20_000);
      server.kill('SIGCONT');
      await until(() => said.length > 1, 20_000);
    } finally {
      for (const socket of sockets) socket.close();
    }
    expect(said).toEqual([
      [
        'signed in as',
        expect.objectContaining({ userId: 'u1' }),
        'authorized for',
        expect.arrayContaining(['apps:created']),
      ],
      ['apps:created', { id: '1', name: 'shop' }, 'remember', expect.stringMatching(/./)],
    ]);
  }, 60_000);

  it('ends gracefully on SIGTERM', async () => {
    expect(await server.stop()).toEqual({ code: null, signal: 'SIGTERM' }); // ended by the signal after Nest's hooks
  }, 60_000);
});
