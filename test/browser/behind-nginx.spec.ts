import type { Browser } from 'playwright-core';
import { Nginx } from '../fault/nginx.js';
import { Api, USER } from '../platform/support/api.js';
import { launchChromium } from '../support/chromium.js';
import { TEST_SECRET, signToken } from '../support/jwt.js';
import { PlatformProcess } from '../support/platform-process.js';
import { PostgresProcess } from '../support/postgres-process.js';
import { RedisProcess } from '../support/redis-process.js';
import { connect } from '../support/ws-client.js';
import { openLivePage, type LiveTab } from './support/live-tab.js';
import { cutOff, DESKTOP, PHONE, screenshot, violations } from './support/look.js';

const EVENTS = 60;
const API_KEY = 'a key for this test alone';

describe('two instances of the platform behind nginx, without sticky sessions', () => {
  let redis: RedisProcess;
  let postgres: PostgresProcess;
  let instances: PlatformProcess[];
  let nginx: Nginx;
  let browser: Browser;
  /** The instance that a test has killed. */
  let killed: PlatformProcess | undefined;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([RedisProcess.start({ appendonly: 'yes' }), PostgresProcess.start()]);
    instances = [await start(), await start()];
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

  function start(env: Readonly<Record<string, string>> = {}): Promise<PlatformProcess> {
    return PlatformProcess.start({
      env: {
        REDIS_URL: redis.url,
        DATABASE_URL: postgres.url,
        JWT_SECRET: TEST_SECRET,
        REALTIME_PUBLISH_API_KEYS: API_KEY,
        REALTIME_STREAM_LEASE_MS: '2000',
        DEPLOY_STEP_MS: '600000', // deployments last until they are cancelled
        TLS_PORT: '0',
        ...env,
      },
    });
  }

  /** Starts an instance on the port of one that was killed. */
  async function replace(instance: PlatformProcess): Promise<void> {
    await instance.stop('SIGKILL');
    instances[instances.indexOf(instance)] = await start({ PORT: String(instance.port) });
  }

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

    killed = its;
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

  it('the log of a deployment survives a reload, a phone and a killed instance, and can be cancelled', async () => {
    if (killed !== undefined) await replace(killed);
    const [writer, other] = instances as [PlatformProcess, PlatformProcess];
    const url = `http://127.0.0.1:${nginx.port}`;
    const desktop = await openLivePage(browser, url, DESKTOP);
    await desktop.signIn(USER);
    const [onWriter, onOther] = [await Api.signIn(writer, USER), await Api.signIn(other, USER)];
    // The list is live for changes of both instances.
    await onOther.post('/api/apps', { name: 'elsewhere' });
    const { body: app } = await onWriter.post('/api/apps', { name: 'shop' });
    for (const name of ['elsewhere', 'shop']) await desktop.page.locator(`[data-app=${name}]`).waitFor();

    const { body: deployment } = await onWriter.post(`/api/apps/${String(app['id'])}/deploy`);
    const begun = `Deploying shop at ${String(deployment['id']).slice(0, 7)}`;
    const shows = async ({ page }: LiveTab, state: string, line: string): Promise<string> => {
      await page.locator('.deployment-log', { hasText: line }).getByText(state, { exact: true }).waitFor();
      return (await page.locator('.deployment-log pre').textContent())!;
    };
    expect(await shows(desktop, 'Live', begun)).toBe(`${begun}\n`);
    await desktop.page.reload();
    expect(await shows(desktop, 'Live', begun)).toBe(`${begun}\n`);
    const phone = await openLivePage(browser, url, PHONE);
    await phone.signIn(USER);
    expect(await shows(phone, 'Live', begun)).toBe(`${begun}\n`);

    writer.kill('SIGKILL');
    for (const tab of [desktop, phone]) expect(await shows(tab, 'Failed: writer lost', begun)).toBe(`${begun}\n`);
    await phone.page.locator('.deployment-log').scrollIntoViewIfNeeded();
    await screenshot(phone.page, 'log on a phone');
    expect(await violations(phone.page)).toEqual([]);
    expect(await cutOff(phone.page)).toEqual([]);
    await desktop.click('Continue the deployment of shop');
    const continued = '⟳ The server that ran this deployment was stopped. Another one continues.';
    for (const tab of [desktop, phone]) {
      await shows(tab, 'Live', continued);
      await tab.page.locator('[data-app=shop] [data-status=deploying]').waitFor();
    }
    await screenshot(desktop.page, 'log on a desktop');
    await phone.click('Cancel the deployment of shop');
    const texts = [await shows(desktop, 'Cancelled', continued), await shows(phone, 'Cancelled', continued)];
    expect(texts).toEqual(Array(2).fill(`${begun}\n${continued}\n${begun}\n`));
    await desktop.page.locator('[data-app=shop] .status[data-status=failed]').waitFor();
    expect((await onOther.get(`/api/deployments/${String(deployment['id'])}`)).body).toMatchObject({
      ...{ status: 'failed', reason: 'Cancelled' },
    });
    for (const { page } of [desktop, phone]) await page.context().close();
  }, 120_000);
});
