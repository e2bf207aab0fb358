import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { Child } from '../support/child.js';
import { signToken } from '../support/jwt.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';
import { StreamSocket } from '../sse/support/stream-socket.js';
import { blocksIn, blocksOf, type Block } from './support/blocks.js';

const startsWith = (program: string) => blocksIn('sh').filter(({ code }) => code.startsWith(`${program} `));

/** Runs a block unchanged. @returns its output and its exit code */
async function run({ code }: Pick<Block, 'code'>, cwd: string, env: NodeJS.ProcessEnv = {}) {
  const quiet = { npm_config_loglevel: 'error', npm_config_update_notifier: 'false' };
  const { PATH, HOME } = process.env;
  const bash = new Child('bash', ['-euo', 'pipefail', '-c', code], { cwd, env: { PATH, HOME, ...quiet, ...env } });
  const { code: status } = await bash.exited;
  return { status, out: bash.stdout, problems: bash.stderr };
}

/** Replaces values by their types: `{"id":"1","list":[]}` → `{"id":"string","list":[]}`. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (value === null || typeof value !== 'object') return value === null ? null : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

describe('the requests with curl', () => {
  const KEY = 'a key of another service';
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({ operatorApi: true, publishApiKeys: [KEY] });
  }, 60_000);
  afterAll(() => app.close());

  const isOfStreams = ({ name }: Block) => name.startsWith('docs/server-sent-events.md');

  it.each(startsWith('curl').filter((block) => !isOfStreams(block)))(
    'at $name get the documented answer',
    async ({ code }) => {
      const client = await app.connectAs({ sub: 'u1' });
      client.send({ type: 'subscribe', channel: 'apps:created' });
      await client.next('subscribed');
      const here = code
        .replace('localhost:8888', `127.0.0.1:${app.port}`)
        .replace(/^curl/, 'curl -sS --fail-with-body');
      const { status, out, problems } = await run({ code: here }, '.', { KEY, TOKEN: signToken({ role: 'admin' }) });
      expect([status, problems]).toEqual([0, '']);
      const [, said] = /^# → (.*)$/m.exec(code)!;
      expect(shapeOf(JSON.parse(out))).toEqual(shapeOf(JSON.parse(said!)));
      client.terminate();
    },
  );

  it.each(startsWith('curl').filter(isOfStreams))('at $name are answered', async ({ code }) => {
    const token = signToken({ role: 'admin' });
    const stream = await StreamSocket.open(app.http, { token });
    await until(() => stream.reader.messages.length > 0);
    const here = code
      .replaceAll('localhost:8888', `127.0.0.1:${app.port}`)
      .replaceAll(/^curl/gm, 'curl -sS --fail-with-body')
      .replace(/ -N/, ' -N --max-time 1');
    const values = { TOKEN: token, CONNECTION_ID: stream.connectionId, LAST: 'x-1' };
    const { status, out, problems } = await run({ code: here }, '.', values);
    if (code.includes(' -N')) expect([status, out]).toEqual([28, expect.stringContaining('"type":"connected"')]);
    else expect([status, problems]).toEqual([0, '']);
    stream.close();
  });
});

describe('the command for documents', () => {
  let home: string;

  /** Writes a new application whose root module has these channels. */
  async function install(channels: string): Promise<void> {
    const code = `
      import { Injectable, Module } from '@nestjs/common';
      import { IsString } from 'class-validator';
      import { ChannelPolicy, RealtimeModule } from 'nestjs-realtime';
      class ProjectUpdated { @IsString() id: string; @IsString() name: string; }
      class Renamed { @IsString() id: string; }
      class Cursor { @IsString() at: string; }
      class Invoice { @IsString() id: string; }
      @ChannelPolicy('projects:{projectId}:updated')
      @Injectable()
      class ProjectPolicy { canSubscribe() { return true; } }
      @Module({
        imports: [RealtimeModule.forRoot({ jwt: { secret: 'x'.repeat(32) } }), RealtimeModule.forFeature([${channels}])],
        providers: [ProjectPolicy],
      })
      export class AppModule {}`;
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, experimentalDecorators: true },
    });
    await writeFile(join(home, 'dist/app.module.js'), outputText);
  }

  beforeAll(async () => {
    if (!existsSync('dist/main.js')) throw new Error('dist/main.js is missing: run "npm run build" first');
    home = await makeTemporaryDirectory();
    await mkdir(join(home, 'dist'));
    await mkdir(join(home, 'src'));
    await writeFile(join(home, 'package.json'), '{"type":"module","private":true}');
    for (const name of ['nestjs-realtime', '@nestjs/common', 'class-validator']) {
      const link = join(home, 'node_modules', name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(name === 'nestjs-realtime' ? resolve('.') : resolve('node_modules', name), link);
    }
    const bin = join(home, 'node_modules/.bin');
    await mkdir(bin);
    const { bin: commands } = JSON.parse(await readFile('package.json', 'utf8')) as { bin: Record<string, string> };
    const client = { 'nestjs-realtime-client': 'dist/command-line/client-cli.js' };
    for (const [name, file] of Object.entries({ ...commands, ...client })) {
      await writeFile(join(bin, name), `#!/bin/sh\nexec node ${resolve(file)} "$@"\n`, { mode: 0o755 });
    }
  }, 60_000);
  afterAll(() => removeDirectory(home));

  it('writes a document, generates its types, and names breaking changes, as docs/channels.md shows', async () => {
    const documents = startsWith('npx').filter(({ doc }) => doc === 'docs/channels.md');
    const [write, types, diff] = documents;
    expect(documents).toHaveLength(3);
    const name = `name: 'projects:{projectId}:updated'`;
    await install(`
      { ${name}, data: ProjectUpdated },
      { name: 'billing:invoices', access: { roles: ['billing', 'sales'] }, data: Invoice }`);
    expect(await run(write!, home)).toEqual({ status: 0, out: '', problems: '' });
    expect(await run(types!, home)).toEqual({ status: 0, out: '', problems: '' });
    const shown = blocksOf('docs/channels.md').find(({ code }) => code.includes('interface Events'))!;
    const made = await readFile(join(home, 'src/realtime-events.ts'), 'utf8');
    for (const part of shown.code.split(/(?<=\n)(?=\n)|(?<=Events \{\n)|^(?=\}\n)/m)) expect(made).toContain(part); // among the built-in channels

    await rename(join(home, 'asyncapi.json'), join(home, 'released.json'));
    await install(`
      { ${name}, data: Renamed },
      { name: 'projects:{projectId}:cursor', access: 'authenticated', data: Cursor },
      { name: 'billing:invoices', access: 'admin', data: Invoice }`);
    expect(await run(write!, home)).toEqual({ status: 0, out: '', problems: '' });
    const text = blocksOf('docs/channels.md').find(({ language }) => language === 'text')!;
    expect(await run(diff!, home)).toEqual({ status: 1, out: text.code, problems: '' });
  }, 120_000);
});
