import { setTimeout as delay } from 'node:timers/promises';
import { PlatformProcess } from '../support/platform-process.js';
import { TcpClient } from '../support/tcp.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { ADMIN, Api } from './support/api.js';
import { listen, nextEvent } from './support/listener.js';

/** Makes one step longer than any test. */
const FOR_EVER = { DEPLOY_STEP_MS: '600000' };

async function deployForEver(platform: PlatformProcess, name: string) {
  const api = await Api.signIn(platform, ADMIN);
  const { body: app } = await api.post('/api/apps', { name });
  const { body: deployment } = await api.post(`/api/apps/${String(app['id'])}/deploy`);
  return { api, app, deployment };
}

describe('a platform that keeps its data in a directory', () => {
  const starting: Promise<PlatformProcess>[] = [];
  let directory: string;
  let kept: { api: Api; app: Record<string, unknown>; deployment: Record<string, unknown> };
  let platform: PlatformProcess;

  const start = (env: NodeJS.ProcessEnv): Promise<PlatformProcess> => {
    const started = PlatformProcess.start({
      env: { ...FOR_EVER, DATA_DIR: directory, DATABASE_URL: undefined, ...env },
    });
    starting.push(started);
    return started;
  };

  beforeAll(async () => {
    directory = await makeTemporaryDirectory();
    const first = await start({ TLS_PORT: '0' });
    kept = await deployForEver(first, 'kept');
    await first.stop('SIGKILL');
    platform = await start({ REALTIME_DRAIN_DELAY_MS: '4000' });
  }, 90_000);

  afterAll(async () => {
    for (const started of await Promise.allSettled(starting)) {
      if (started.status === 'fulfilled') await started.value.stop('SIGKILL');
    }
    await removeDirectory(directory);
  });

  it('keeps everything after a crash, and fails unfinished deployments', async () => {
    // The secret is kept too, so sessions stay valid.
    const again = new Api(platform.url, kept.api.token);
    expect((await again.get(`/api/apps/${String(kept.app['id'])}`)).body).toMatchObject({
      name: 'kept',
      status: 'failed',
    });
    expect((await again.get(`/api/deployments/${String(kept.deployment['id'])}`)).body).toMatchObject({
      status: 'failed',
      reason: 'The server that ran the deployment was stopped',
    });
  });

  it('on a signal responds with 503, fails running deployments, closes every connection, and exits with code 0', async () => {
    const { api, deployment } = await deployForEver(platform, 'one');
    const clients = await Promise.all(
      [platform.wsUrl, platform.wssUrl].map((url) => listen(url, api.token!, ['deployments:failed'])),
    );
    // Incomplete requests do not delay the shutdown.
    const type = 'Content-Type: application/json';
    const request = `POST /api/apps HTTP/1.1\r\nHost: localhost\r\n${type}\r\nContent-Length: 9\r\n\r\n`;
    const slow = [await TcpClient.connect(platform.port), await TcpClient.connect(platform.tlsPort, { tls: true })];
    for (const client of slow) client.send(request);
    const signalledAt = performance.now();
    const stopped = platform.stop('SIGTERM');
    for (const client of clients) {
      expect(await nextEvent(client, 'deployments:failed')).toMatchObject({
        id: deployment['id'],
        reason: 'The server that ran the deployment was stopped',
      });
    }
    const ready = await fetch(`${platform.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'draining', database: 'ok', realtime: 'ok' }]);
    expect((await fetch(`${platform.url}/health/live`)).status).toBe(200);
    for (const client of clients) {
      await client.next('reconnect');
      expect(await client.closed).toMatchObject({ code: 1012 });
    }
    await Promise.all(slow.map((client) => client.untilClosed(30_000)));
    await expect(stopped).resolves.toBe(0);
    expect(performance.now() - signalledAt).toBeLessThan(40_000);
    expect(platform.stderr).toBe('');
    await expect(fetch(`${platform.url}/health/live`)).rejects.toThrow('fetch failed');
  }, 60_000);

  it('keeps everything over a restart, and exits at once on the second signal', async () => {
    const third = await start({ TLS_PORT: '0', REALTIME_DRAIN_DELAY_MS: '60000' });
    const { body: apps } = await new Api(third.url, kept.api.token).get<{ name: string }[]>('/api/apps');
    expect(apps.map(({ name }) => name).toSorted()).toEqual(['kept', 'one']);
    third.kill('SIGINT');
    while ((await fetch(`${third.url}/health/ready`)).status !== 503) await delay(20); // wait until it drains
    third.kill('SIGINT');
    await expect(third.exited).resolves.toEqual({ code: 130, signal: null });
  }, 60_000);
});
