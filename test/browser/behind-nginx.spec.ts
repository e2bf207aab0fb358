import type { Browser } from 'playwright-core';
import { Nginx } from '../fault/nginx.js';
import { USER } from '../platform/support/api.js';
import { launchChromium } from '../support/chromium.js';
import { TEST_SECRET, signToken } from '../support/jwt.js';
import { PlatformProcess } from '../support/platform-process.js';
import { PostgresProcess } from '../support/postgres-process.js';
import { RedisProcess } from '../support/redis-process.js';
import { connect } from '../support/ws-client.js';

const EVENTS = 60;
const API_KEY = 'a key for this test alone';

describe('two instances of the platform behind nginx, without sticky sessions', () => {
  let redis: RedisProcess;
  let postgres: PostgresProcess;
  let instances: PlatformProcess[];
  let nginx: Nginx;
  let browser: Browser;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([RedisProcess.start({ appendonly: 'yes' }), PostgresProcess.start()]);
    const env = {
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      JWT_SECRET: TEST_SECRET,
      REALTIME_PUBLISH_API_KEYS: API_KEY,
      TLS_PORT: '0',
    };
    instances = [await PlatformProcess.start({ env }), await PlatformProcess.start({ env })];
    nginx = await Nginx.start(instances);
    browser = await launchChromium();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await nginx?.stop();
    for (const instance of instances ?? []) await instance.stop();
    await postgres?.stop();
    await redis?.stop();
  }, 60_000);

  async function connectionsOf(instance: PlatformProcess): Promise<number> {
    const admin = await connect(instance.wsUrl, { token: signToken({ sub: 'prober', role: 'admin' }) });
    await admin.next('connected');
    admin.send({ type: 'stats' });
    const { stats } = await admin.next('stats');
    await admin.close();
    return stats.instance.connections;
  }

  async function announce(by: PlatformProcess, message: string): Promise<void> {
    const response = await fetch(`${by.url}/realtime/events`, {
      method: 'POST',
      headers: { 'X-API-Key': API_KEY, 'Content-Type': 'application/json' },
      body: JSON.stringify({ channel: 'announcements', data: { message } }),
    });
    expect(response.status).toBe(201);
  }

  it('the page loses no event when the instance that it is connected to is killed', async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(`http://127.0.0.1:${nginx.port}/#${USER}`);
    await page.getByText('Or use a demo account').waitFor();
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.locator('#connection[data-state=connected]').waitFor();
    await page.locator('.channel-switch[data-state=subscribed]', { hasText: 'announcements' }).waitFor();

    // The prober counts itself.
    const [first, second] = await Promise.all(instances.map(connectionsOf));
    expect(new Set([first, second])).toEqual(new Set([1, 2]));
    const [its, other] = first === 2 ? [instances[0]!, instances[1]!] : [instances[1]!, instances[0]!];

    for (let number = 1; number <= EVENTS; number += 1) {
      if (number === EVENTS / 3) its.kill('SIGKILL');
      await announce(other, `number ${number}.`);
    }
    const shown = page.locator('#feed [data-channel="announcements"]');
    await shown.filter({ hasText: `number ${EVENTS}.` }).waitFor();
    const texts = (await shown.allTextContents()).toReversed();
    const numbers = texts.map((text) => Number(/number (\d+)\./.exec(text)?.[1]));
    expect(numbers).toEqual(Array.from({ length: EVENTS }, (_, index) => index + 1));
  }, 90_000);
});
