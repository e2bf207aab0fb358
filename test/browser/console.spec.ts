import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { WebSocket } from 'ws';
import { ADMIN, Api, USER } from '../platform/support/api.js';
import { launchChromium } from '../support/chromium.js';
import { signToken, TEST_SECRET } from '../support/jwt.js';
import { PlatformProcess } from '../support/platform-process.js';
import { RedisProcess } from '../support/redis-process.js';
import { describeTail } from './console/tail.js';
import { joinCrowd, openConsole, tabTo, type ConsoleTab } from './support/console-tab.js';
import { cutOff, DESKTOP, PHONE, screenshot, violations } from './support/look.js';

const CROWD = 2_000;
/** Elements that truncate their text on purpose: the full text is a click away. Axes are drawn beyond their plot. */
const SHORTENED = 'thead, thead th, .plot, .grid-row > *, .tail summary > *';
/** Maximum time until the console shows an instance in trouble: it polls every second and waits for silent instances. */
const AT_ONCE = { timeout: 10_000 };

describe('the console', () => {
  let redis: RedisProcess;
  let one: PlatformProcess;
  let other: PlatformProcess;
  let browser: Browser;
  let opened: ConsoleTab | undefined;
  let admin: Api;
  const crowd: WebSocket[] = [];

  beforeAll(async () => {
    redis = await RedisProcess.start();
    const env = {
      ...{ JWT_SECRET: TEST_SECRET, REDIS_URL: redis.url, TLS_PORT: '0' },
      ...{ REALTIME_OPERATOR_API: 'true', REALTIME_CONSOLE: 'true' },
      ...{
        REALTIME_MAX_CONNECTIONS_PER_ADDRESS: '5000',
        REALTIME_HANDSHAKES_PER_SECOND: '10000',
        REALTIME_HANDSHAKES_PER_SECOND_PER_USER: '10000',
      },
    };
    [one, other, browser] = await Promise.all([
      PlatformProcess.start({ env }),
      PlatformProcess.start({ env: { ...env, REALTIME_DRAIN_DELAY_MS: '60000' } }),
      launchChromium(),
    ]);
    admin = await Api.signIn(one, ADMIN);
    for (let begun = 0; begun < CROWD; begun += 200) {
      await Promise.all(Array.from({ length: 200 }, (_, n) => joinCrowd(crowd, n % 2 === 0 ? one : other, begun + n)));
    }
  }, 180_000);

  afterAll(async () => {
    for (const socket of crowd) socket.terminate();
    await browser?.close();
    await Promise.all([one?.stop(), other?.stop('SIGKILL')]);
    await redis?.stop();
  });

  afterEach(async () => {
    await opened?.page.context().close();
    opened = undefined;
  });

  async function open(options?: BrowserContextOptions, at?: string): Promise<ConsoleTab> {
    opened = await openConsole({ browser, platform: one }, options, at);
    return opened;
  }

  it('is a page with a strict content security policy and cacheable files, and serves no other file', async () => {
    expect(one.stdout).toContain(`console    http://localhost:${one.port}/realtime/console`);
    const index = await fetch(`${one.url}/realtime/console`);
    const html = await index.text();
    expect([index.status, index.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const policy = index.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(html).not.toMatch(/https?:|<script>|\son\w+=|style=/);
    const files = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path!);
    const answers = await Promise.all(files.map((path) => fetch(`${one.url}/realtime/${path}`)));
    expect(
      answers.map(({ headers }) => headers.get('content-type')).toSorted((a, b) => String(a).localeCompare(String(b))),
    ).toEqual(['image/svg+xml', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8']);
    expect(answers.map(({ headers }) => headers.get('cache-control'))).toEqual(
      answers.map(() => 'public, max-age=31536000, immutable'),
    );
    for (const name of ['console', 'asyncapi']) {
      const slash = await fetch(`${one.url}/realtime/${name}/`);
      expect([slash.status, slash.redirected, new URL(slash.url).pathname]).toEqual([200, true, `/realtime/${name}`]);
    }
    const outside = ['index.html', '..%2Findex.html', '..%2F..%2Findex.js'];
    const refused = await Promise.all(outside.map((name) => fetch(`${one.url}/realtime/console/${name}`)));
    expect(refused.map(({ status }) => status)).toEqual([404, 404, 404]);
  });

  it('lets only administrators in', async () => {
    const { page, signIn } = await open();
    expect(await violations(page)).toEqual([]);
    await signIn('rubbish');
    await page.getByRole('alert').waitFor();
    await signIn((await Api.signIn(one, USER)).token!);
    await page.getByText('Only administrators can use this endpoint').waitFor();
    await page.getByText('Where do I get a token?').click();
    await page.getByText('Authorization: Bearer …').waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it('opens from the live page with its session, and shows the signed-in user and the last minutes', async () => {
    const { page, complaints, click } = await open(DESKTOP, 'console');
    await page.goto(`${one.url}/`);
    await page.getByRole('button', { name: new RegExp(`^${ADMIN} `) }).click();
    const past = page.waitForResponse((response) => response.url().endsWith('/realtime/stats/history'));
    await click('Console');
    await page.getByText(`admin on localhost:${one.port}`).waitFor();
    await page.locator('tr[data-instance]').nth(1).getByText(hostname()).waitFor();
    const { instances } = (await (await past).json()) as { instances: { samples: object[] }[] };
    expect(instances.map(({ samples }) => samples.length > 0)).toEqual([true, true]);
    await page.locator('tr[data-code]').first().waitFor(); // the connection of the live page was closed
    expect(complaints).toEqual([]);
  });

  it.each([
    ['light on a desktop', { ...DESKTOP, colorScheme: 'light' }],
    ['dark on a desktop', { ...DESKTOP, colorScheme: 'dark' }],
    ['light on a phone', { ...PHONE, colorScheme: 'light' }],
    ['dark on a phone', { ...PHONE, colorScheme: 'dark' }],
  ] as const)('%s: every view is readable and accessible', async (name, device) => {
    const { page, complaints, signIn, view, metricAtLeast } = await open(device);
    await signIn(admin.token!);
    await metricAtLeast('connections', CROWD);
    const delivered = metricAtLeast('delivered', 1); // started early, because the value is shown for only a second
    for (let n = 0; n < 3; n += 1) await admin.post('/api/announcements', { message: `hello ${n}` });
    await delivered;
    await metricAtLeast('latency', 0);
    expect(await cutOff(page, SHORTENED)).toEqual([]);
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `${name} overview`);
    for (const [title, there] of [
      ['Connections', '[data-connection]'],
      ['Channels', '[data-channel=announcements]'],
      ['Commands', '[data-command="apps.rename"]'],
      ['States', '[data-resource=applications]'],
      ['Streams', '[data-pattern="deployments:{id}:log"]'],
      ['Live tail', '[name=data]'],
      ['Permissions', '[name=user]'],
      ['Contract', '[data-contract="apps:created"]'],
    ] as const) {
      await view(title);
      await page.locator(there).first().waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await cutOff(page, SHORTENED)).toEqual([]);
      await screenshot(page, `${name} ${title}`);
    }
    expect(complaints).toEqual([]);
  });

  it('searches, sorts and scrolls through all connections, and closes one', async () => {
    const { page, complaints, signIn, click, view } = await open();
    await signIn(admin.token!);
    const victim = new WebSocket(`${one.wsUrl}?token=${signToken({ sub: 'victim' })}`);
    const greeting = await new Promise<string>((resolve) =>
      victim.once('message', (text: Buffer) => resolve(String(text))),
    );
    const { connectionId } = JSON.parse(greeting) as { connectionId: string };
    const closed = new Promise<number>((resolve) => victim.once('close', resolve));
    await view('Connections');
    await page.locator('[data-connection]').first().waitFor();

    await page.getByRole('columnheader', { name: 'Channels' }).getByRole('button').click();
    await page.locator('[aria-sort=ascending]', { hasText: 'Channels' }).waitFor();
    await page.locator('[aria-rowindex="2"][data-connection]', { hasText: 'victim' }).waitFor();
    await page.waitForFunction(
      () => {
        const grid = document.querySelector('.grid-scroll')!;
        grid.scrollTop = grid.scrollHeight;
        return [...document.querySelectorAll('[aria-rowindex]')].some(
          (row) => Number(row.getAttribute('aria-rowindex')) > 2_000,
        );
      },
      null,
      { polling: 'raf' },
    );
    expect(await page.locator('[data-connection]').count()).toBeLessThan(80);

    await page.getByLabel('Search').fill(connectionId);
    await page.getByText('1 found', { exact: true }).waitFor();
    await page.locator(`[data-connection="${connectionId}"]`).getByRole('button').press('Enter');
    await page.getByRole('dialog').getByText(connectionId).waitFor();
    await page.getByRole('dialog').getByText(hostname()).waitFor();
    expect(await violations(page)).toEqual([]);
    await screenshot(page, 'details');
    await click('Disconnect');
    expect(await closed).toBe(4403);
    await page.getByText('0 found', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('checks the access of a connection in one click', async () => {
    const { page, complaints, signIn, click, view } = await open(PHONE);
    await signIn(admin.token!);
    await view('Connections');
    await page.getByLabel('Search').fill('crowd-1234');
    await page.getByText('1 found', { exact: true }).waitFor();
    await page.locator('[data-connection]').getByRole('button').click();
    await screenshot(page, 'details on a phone');
    await click('Check access to announcements');
    await page.getByText('Allowed', { exact: true }).waitFor();
    expect(await page.getByLabel('User').inputValue()).toBe('crowd-1234');
    await view('Overview');
    await view('Permissions');
    await click('announcements – crowd-1234, user'); // it is a recent check now
    await page.getByText('Allowed', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  describeTail(() => ({ open, admin }));

  it('shows the contract under a separate address: the channels, their access and the fields of their events', async () => {
    const { page, complaints, signIn, click, view } = await open(DESKTOP, 'asyncapi');
    await signIn(admin.token!);
    const created = page.locator('[data-contract="apps:created"]');
    await created.getByText('For every client with a token.').waitFor();
    expect(await created.getByRole('rowheader').allTextContents()).toEqual(['id', 'name']);
    await page.getByLabel('Search').fill('user:{');
    await page.getByText('1 found', { exact: true }).waitFor();
    expect(await created.count()).toBe(0);
    const saved = page.waitForEvent('download');
    await click('Download asyncapi.json');
    const document = JSON.parse(await readFile(await (await saved).path(), 'utf8')) as object;
    expect(document).toMatchObject({ asyncapi: '3.0.0', channels: { apps_created: { address: 'apps:created' } } });
    await page.reload();
    await created.waitFor(); // the token is still there, and so is the view
    await view('Overview');
    expect(new URL(page.url()).pathname).toBe('/realtime/console');
    expect(complaints).toEqual([]);
  });

  it('sends no requests while its tab is hidden', async () => {
    const { page, signIn, metricAtLeast } = await open();
    await signIn(admin.token!);
    await metricAtLeast('connections', 1);
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    let asked = 0;
    page.on('request', () => (asked += 1));
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2_500))); // more than two polling intervals
    expect(asked).toBeLessThanOrEqual(1); // a request that was already being sent
  });

  it('can be used without a mouse', async () => {
    const { page, complaints } = await open();
    await page.getByLabel('Admin token').waitFor(); // before the page is drawn, Tab does nothing
    const press = (key: string): Promise<void> => page.keyboard.press(key);
    await tabTo(page, 'Admin token');
    await page.keyboard.type(admin.token!);
    await press('Enter');
    await page.locator('tr[data-instance]').first().waitFor();

    await tabTo(page, 'Connections');
    await press('Enter');
    await tabTo(page, 'Search');
    await page.keyboard.type('crowd-1234');
    await page.getByText('1 found', { exact: true }).waitFor();
    await tabTo(page, 'Matching connections');
    await tabTo(page, 'crowd-1234');
    await press('Enter');
    await page.getByRole('dialog').getByText('announcements').waitFor();
    await press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await page.locator(':focus').textContent()).toBe('crowd-1234'); // the focus returns to where it was
    expect(complaints).toEqual([]);
  });

  it('shows at once that an instance drains, and that it was killed', async () => {
    const { page, signIn } = await open();
    await signIn(admin.token!);
    await page.locator('tr[data-condition=serving]').nth(1).waitFor();
    other.kill('SIGTERM');
    await page.locator('tr[data-condition=draining]').waitFor(AT_ONCE);
    await page.getByRole('status').getByText(': draining').waitFor();
    expect(await violations(page)).toEqual([]);
    await screenshot(page, 'draining');
    other.kill('SIGKILL');
    const ended = page.locator('tr[data-condition=silent], tr[data-condition=gone]');
    await ended.waitFor(AT_ONCE);
    expect(await ended.count()).toBe(1);
    await screenshot(page, 'killed');
  });
});
