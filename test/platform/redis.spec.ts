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
  it('starts without Redis, is live but not ready, logs the reason once, and becomes ready when Redis starts', async () => {
    const port = await freePort();
    const platform = await PlatformProcess.start({
      env: { REDIS_URL: `redis://:secret@127.0.0.1:${port}`, TLS_PORT: '0' },
      readyCode: 503,
    });
    try {
      expect(await readiness(platform.url)).toEqual({
        code: 503,
        body: { status: 'unavailable', database: 'ok', realtime: 'unavailable' },
      });
      expect((await fetch(`${platform.url}/health/live`)).status).toBe(200);
      expect(platform.stdout + platform.stderr).toMatch(/Redis \(publishing\) is unavailable: .*ECONNREFUSED/);
      expect(platform.stdout + platform.stderr).not.toContain('secret');
    } finally {
      await platform.stop();
    }
  });

  it('becomes unready while Redis is unavailable, and ready again afterwards', async () => {
    const redis = await RedisProcess.start({ appendonly: 'yes' });
    const platform = await PlatformProcess.start({ env: { REDIS_URL: redis.url, TLS_PORT: '0' } });
    try {
      await redis.kill();
      await untilReady(platform.url, 503);
      expect((await fetch(`${platform.url}/health/live`)).status).toBe(200);
      await redis.restart();
      await untilReady(platform.url, 200);
    } finally {
      await platform.stop();
      await redis.stop();
    }
  });
});
