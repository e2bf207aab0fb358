import type { Browser, Page } from 'playwright-core';
import { startChildApp, type ChildApp } from '../realtime/support/child-app.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { connect, type WsClient } from '../support/ws-client.js';
import { cutOff, DESKTOP, PHONE, screenshot, violations } from './support/look.js';

const OPERATOR = signToken({ sub: 'op', role: 'operator' });
const TENANTS = ['acme', 'globex'];

describe('the console with tenants', () => {
  let app: ChildApp;
  let browser: Browser;
  let page: Page;
  let clients: WsClient[];

  beforeAll(async () => {
    const tenants = { claim: 'tenant', platformRole: 'operator' };
    [app, browser] = await Promise.all([
      startChildApp({ tenants, operatorApi: true, console: true, publishApi: true }),
      launchChromium(),
    ]);
    clients = await Promise.all(
      TENANTS.map(async (tenant) => {
        const client = await connect(app.url, {
          token: signToken({ sub: `u of ${tenant}`.replaceAll(' ', '-'), tenant }),
        });
        await client.ask({ type: 'subscribe', channel: 'apps:created' });
        await publish(tenant, `kept of ${tenant}`);
        return client;
      }),
    );
  }, 120_000);
  afterAll(async () => {
    await Promise.all((clients ?? []).map((client) => client.close()));
    await browser?.close();
    await app?.process.stop();
  });
  afterEach(() => page.context().close());

  async function publish(tenant: string, name: string): Promise<void> {
    const response = await fetch(`${app.http}/realtime/events`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${OPERATOR}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ channel: 'apps:created', data: { id: '1', name }, tenant }),
    });
    expect(response.status).toBe(201);
  }

  async function open(device: typeof DESKTOP = DESKTOP): Promise<void> {
    const context = await browser.newContext(device);
    context.setDefaultTimeout(30_000);
    page = await context.newPage();
    await page.goto(`${app.http}/realtime/console`);
    await page.getByLabel('Admin token').fill(OPERATOR);
    await click('Sign in');
  }

  const click = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  const events = () => page.locator('.tail li code').allTextContents();
  const namesOf = (texts: readonly string[]) => texts.map((text) => (JSON.parse(text) as { name: string }).name);

  it.each([
    ['a desktop', DESKTOP],
    ['a phone', PHONE],
  ])('shows the kept and the live events of one tenant, on %s', async (device, options) => {
    await open(options);
    await click('Channels');
    for (const tenant of TENANTS) {
      await click('Channels');
      await page
        .locator('tr', { hasText: `tenant ${tenant}` })
        .getByRole('button')
        .click();
      await page.locator('.state', { hasText: /^subscribed$/ }).waitFor();
      await page.locator('.tail li', { hasText: `kept of ${tenant}` }).waitFor();
      await publish(tenant, `live of ${tenant} on ${device}`);
      await page.locator('.tail li', { hasText: `live of ${tenant} on ${device}` }).waitFor();
      expect(namesOf(await events()).filter((name) => !name.includes(tenant))).toEqual([]);
      expect([await violations(page), await cutOff(page, '.tail pre, .tail summary > *')]).toEqual([[], []]);
      await screenshot(page, `tail of ${tenant} on ${device}`);
    }
    await click('apps:created (tenant acme)'); // it is a recent channel now
    await page.locator('.tail li', { hasText: 'kept of acme' }).waitFor();
  });

  it('follows a channel of a tenant that the operator enters, publishes for it, and closes the connection after', async () => {
    await open();
    await click('Live tail');
    await page.getByLabel('Channel to follow').fill('apps:created');
    const tail = page.getByRole('region', { name: 'Live tail' });
    await tail.getByLabel('Tenant').fill('globex');
    const socket = page.waitForEvent('websocket');
    await click('Follow');
    expect((await socket).url()).toBe(`${app.url}?tenant=globex`);
    await page.locator('.tail li', { hasText: 'kept of globex' }).waitFor();
    await page.getByLabel('Data (JSON)').fill('{"id":"2","name":"from the console"}');
    await click('Publish'); // the form has the channel and its tenant
    await page.locator('.tail li', { hasText: 'from the console' }).waitFor();
    const closed = (await socket).waitForEvent('close');
    await click('Overview');
    await closed;
  });

  it('refuses a channel of a tenant without a tenant', async () => {
    await open();
    await click('Live tail');
    await page.getByLabel('Channel to follow').fill('apps:created');
    await click('Follow');
    await page.locator('.state', { hasText: /^refused$/ }).waitFor();
    expect(await page.locator('.tail li').count()).toBe(0);
  });
});
