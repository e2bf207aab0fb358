import { setTimeout as delay } from 'node:timers/promises';
import { PlatformProcess } from '../support/platform-process.js';
import { RedisProcess } from '../support/redis-process.js';
import { freePort } from '../support/ports.js';

const readiness = async (url: string): Promise<{ code: number; body: unknown }> => {
  const response = await fetch(`${url}/health/ready`);
  return { code: response.status, body: await response.json() };
};

async function untilReady(url: string, code: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while ((await readiness(url)).code !== code) {
    await delay(20);
    if (performance.now() > deadline) throw new Error(`Readiness did not become ${code}`);
  }
}

describe('the platform with REDIS_URL', () => {
  const unready = { code: 503, body: { status: 'unavailable', database: 'ok', realtime: 'unavailable' } };
  let redis: RedisProcess | undefined;
  let platform: PlatformProcess;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    const env = { REDIS_URL: `redis://:secret@127.0.0.1:${port}`, TLS_PORT: '0' };
    platform = await PlatformProcess.start({ env, readyCode: 503 });
  }, 120_000);
  afterAll(async () => {
    await platform?.stop();
    await redis?.stop();
  });

  it('starts without Redis, is live but not ready, and logs the reason', async () => {
    expect(await readiness(platform.url)).toEqual(unready);
    expect((await fetch(`${platform.url}/health/live`)).status).toBe(200);
    expect(platform.stdout + platform.stderr).toMatch(/Redis \(publishing\) is unavailable: .*ECONNREFUSED/);
    expect(platform.stdout + platform.stderr).not.toContain('secret');
  });

  it('becomes ready when Redis starts, unready while it is unavailable, and ready again afterwards', async () => {
    redis = await RedisProcess.start({ appendonly: 'yes', requirepass: 'secret' }, port);
    await untilReady(platform.url, 200);
    await redis.kill();
    await untilReady(platform.url, 503);
    expect((await fetch(`${platform.url}/health/live`)).status).toBe(200);
    await redis.restart();
    await untilReady(platform.url, 200);
  });
});
