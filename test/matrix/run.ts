import { parseArgs } from 'node:util';
import { pack, type Tarballs } from '../package/pack.js';
import type { HttpAdapter } from '../package/orders-app.js';
import { TEST_SECRET } from '../support/jwt.js';
import { PlatformProcess } from '../support/platform-process.js';
import { freePort } from '../support/ports.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { makeFreshApp, startFreshApp } from './fresh-app.js';
import { nodeRelease, type NodeRelease } from './node-release.js';
import { checkProject, PROJECTS } from './projects.js';
import { SMOKE, type Served } from './smoke.js';

/**
 * Runs the build under each line of Node, on Express and on Fastify: `npm run test:matrix -- --node 20,22,24`. It starts
 * the platform and an application that has installed the package, and checks the main functions of each. Then it creates
 * projects with `nest new` of Nest 11 and 12, and tests, builds and runs them. `--projects swc` selects projects by name,
 * `--node ''` uses only the Node of this process.
 */
const { values } = parseArgs({
  options: { node: { type: 'string', default: '20,22,24' }, projects: { type: 'string', default: '.' } },
});

/** With the console, and without a load balancer. */
const ENV = {
  REALTIME_OPERATOR_API: 'true',
  REALTIME_CONSOLE: 'true',
  REALTIME_DRAIN_DELAY_MS: '0',
  REALTIME_MAX_EVENT_LOOP_DELAY_MS: '60000',
  REALTIME_HANDSHAKES_PER_SECOND_PER_USER: '1000',
};

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function startPlatform({ binary }: NodeRelease): Promise<Served> {
  const env = { ...ENV, TLS_PORT: '0', JWT_SECRET: TEST_SECRET };
  const platform = await PlatformProcess.start({ node: binary, env });
  const end = async () => ({ code: await platform.stop(), signal: null });
  return { url: platform.url, end };
}

async function startFresh(root: string, { binary }: NodeRelease, adapter: HttpAdapter): Promise<Served> {
  const port = await freePort();
  const child = await startFreshApp(root, binary, adapter, port, { PATH: process.env['PATH'], ...ENV });
  return { url: `http://127.0.0.1:${port}`, end: () => child.stop() };
}

/** @returns the number of failed steps */
async function check(name: string, start: () => Promise<Served>): Promise<number> {
  const since = performance.now();
  let failed = 0;
  let served: Served;
  try {
    served = await start();
  } catch (error) {
    say(`✗ ${name} does not start: ${(error as Error).message}`);
    return 1;
  }
  const startedMs = Math.round(performance.now() - since);
  for (const [step, run] of Object.entries(SMOKE)) {
    try {
      await run(served);
    } catch (error) {
      failed += 1;
      say(`✗ ${name} ${step}: ${(error as Error).stack}`);
    }
  }
  if (failed > 0) await served.end().catch(() => undefined);
  const steps = Object.keys(SMOKE).length;
  const tookMs = Math.round(performance.now() - since);
  say(
    `${failed === 0 ? '✓' : '✗'} ${name}: ${steps - failed} of ${steps}, up after ${startedMs} ms, ${tookMs} ms in all`,
  );
  return failed;
}

/** @returns the number of failed projects: 0 or 1 */
async function tryProject(project: (typeof PROJECTS)[number], home: string, tarballs: Tarballs): Promise<number> {
  try {
    const steps = await checkProject(project, home, tarballs, lines);
    const seconds = steps.map(({ name, tookMs }) => `${name} ${(tookMs / 1000).toFixed(1)} s`);
    say(`✓ ${project.name}: ${seconds.join(', ')}`);
    return 0;
  } catch (error) {
    say(`✗ ${project.name}: ${(error as Error).message}`);
    return 1;
  }
}

const root = await makeTemporaryDirectory();
const lines = values.node.split(',').filter(Boolean);
let failed = 0;
try {
  if (lines.length > 0) await makeFreshApp(root);
  for (const line of lines) {
    const release = await nodeRelease(line.trim());
    const under = `under Node ${release.version}`;
    failed += await check(`the platform ${under}`, () => startPlatform(release));
    for (const adapter of ['express', 'fastify'] as const) {
      failed += await check(`a fresh app on ${adapter} ${under}`, () => startFresh(root, release, adapter));
    }
  }
  const tarballs = await pack();
  for (const project of PROJECTS.filter(({ name }) => new RegExp(values.projects).test(name))) {
    failed += await tryProject(project, root, tarballs);
  }
} finally {
  await removeDirectory(root);
}
say(failed === 0 ? 'Everything runs everywhere.' : `${failed} failed.`);
process.exitCode = failed === 0 ? 0 : 1;
