import { execFile } from 'node:child_process';
import { chmod, chown, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child } from '../support/child.js';
import { TEST_SECRET } from '../support/jwt.js';
import { freePort } from '../support/ports.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';

const run = promisify(execFile);
/** User of the image. */
const NODE_USER = 1000;
const IS_ROOT = process.getuid?.() === 0;

/** Commands in the last stage of the Dockerfile: the healthcheck, and the process. */
async function commandsOfImage(): Promise<string[][]> {
  const stages = (await readFile('Dockerfile', 'utf8')).split(/^FROM /m);
  return [...stages.at(-1)!.matchAll(/^ *CMD (\[.*\])$/gm)].map(([, words]) => JSON.parse(words!) as string[]);
}

/** Returns the child process of another process. */
async function childOf(pid: number): Promise<number> {
  return Number(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'));
}

describe('the image', () => {
  let app: string;
  let data: string;

  beforeAll(async () => {
    [app, data] = await Promise.all([makeTemporaryDirectory(), makeTemporaryDirectory()]);
    await run(process.execPath, ['.ci/runtime.mjs', app]);
    await chmod(app, 0o755);
    if (IS_ROOT) await chown(data, NODE_USER, NODE_USER);
  }, 120_000);
  afterAll(() => Promise.all([removeDirectory(app), removeDirectory(data)]));

  /** Starts the platform like the image: as an unprivileged user, and as process 1 if the tests run as root. */
  function start(port: number, command: readonly string[]): Child {
    const env = {
      PATH: process.env['PATH'],
      ...{ NODE_ENV: 'production', PORT: String(port), TLS_PORT: '0', DATA_DIR: data },
      ...{ JWT_SECRET: TEST_SECRET, REALTIME_ORIGINS: 'http://localhost:8080', REALTIME_DRAIN_DELAY_MS: '0' },
    };
    if (!IS_ROOT) return new Child(command[0]!, command.slice(1), { cwd: app, env });
    const user = ['setpriv', `--reuid=${NODE_USER}`, `--regid=${NODE_USER}`, '--clear-groups'];
    const isolate = ['--pid', '--fork', '--kill-child=SIGKILL', ...user, ...command];
    return new Child('unshare', isolate, { cwd: app, env });
  }

  it('contains only files that the platform needs: no sources, tests or tools', async () => {
    expect((await readdir(app)).toSorted()).toEqual(['dist', 'node_modules', 'package.json']);
    const packages = await readdir(join(app, 'node_modules'));
    expect(packages).toEqual(expect.arrayContaining(['ws', 'ioredis', 'pg']));
    for (const tool of ['typescript', 'typescript7', 'jest', 'vite', 'oxlint', 'oxfmt'])
      expect(packages).not.toContain(tool);
  });

  it('serves, is healthy, and ends with code 0 after SIGTERM to process 1, as an unprivileged user', async () => {
    const port = await freePort();
    const [healthcheck, command] = await commandsOfImage();
    const node = start(port, command!);
    try {
      await node.said('Serving WebSocket', 60_000);
      await run(healthcheck![0]!, healthcheck!.slice(1), { env: { ...process.env, PORT: String(port) } });
      const page = await fetch(`http://127.0.0.1:${port}/`);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      if (IS_ROOT) {
        const pid = await childOf(node.pid!);
        const status = await readFile(`/proc/${pid}/status`, 'utf8');
        expect(/^Uid:\s+(\d+)/m.exec(status)![1]).toBe(String(NODE_USER));
        expect(/^NSpid:\s+\d+\s+(\d+)$/m.exec(status)![1]).toBe('1');
        process.kill(pid, 'SIGTERM');
      } else node.kill('SIGTERM');
      expect(await node.exited).toEqual({ code: 0, signal: null });
    } finally {
      node.kill('SIGKILL');
    }
  }, 120_000);
});
