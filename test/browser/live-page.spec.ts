import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { ADMIN, Api, OTHER, USER } from '../platform/support/api.js';
import { listen } from '../platform/support/listener.js';
import { launchChromium } from '../support/chromium.js';
import { TEST_SECRET } from '../support/jwt.js';
import { PlatformProcess } from '../support/platform-process.js';
import { freePort } from '../support/ports.js';
import { Line } from './support/line.js';
import { cutOff, DESKTOP, PHONE, screenshot, violations } from './support/look.js';

describe('the live page', () => {
  let platform: PlatformProcess;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    platform = await PlatformProcess.start({ env: { DEPLOY_STEP_MS: '50' } });
    browser = await launchChromium();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await platform?.stop();
  });

  async function open(url: string, options: BrowserContextOptions): Promise<void> {
    complaints = [];
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
    context.setDefaultTimeout(30_000);
    page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
  }

  afterEach(async () => {
    await page.context().close();
  });

  const click = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  const connected = (): Promise<void> => page.locator('#connection[data-state=connected]').waitFor();
  const subscribedTo = (channel: string): Promise<void> =>
    page
      .locator(`.channel-switch[data-channel="${channel}"][data-state=subscribed] input:checked`)
      .waitFor({ state: 'attached' }); // its group can be collapsed
  const arrived = (channel: string, text = ''): Promise<void> =>
    page.locator(`#feed [data-channel="${channel}"]`, { hasText: text }).first().waitFor();

  /** The channels in the list, oldest first. */
  const feed = (): Promise<string[]> =>
    page
      .locator('#feed [data-channel]')
      .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['channel']!).toReversed());

  async function signIn(who: string): Promise<void> {
    await page.getByRole('button', { name: new RegExp(`^${who} `) }).click();
    await connected();
    await subscribedTo('apps:created');
  }

  it.each([
    ['over ws, on a desktop in the light', 'url', { ...DESKTOP, colorScheme: 'light' }],
    ['over wss, on a phone in the dark', 'tlsUrl', { ...PHONE, colorScheme: 'dark' }],
  ] as const)('%s: signs in, creates and deploys an application, and shows what arrives', async (name, url, device) => {
    const app = `shop ${url}`;
    await open(`${platform[url]}/#${ADMIN}`, device);
    await page.getByText('Or use a demo account').waitFor(); // the form is filled in now
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `sign-in ${name}`);
    await click('Sign in');
    await connected();
    await subscribedTo('announcements');

    await page.getByLabel('Name').fill(app);
    await page.locator('#app-form').getByRole('button').click();
    await arrived('apps:created', app);
    await click(`Deploy ${app}`);
    await arrived('apps:status', `Ada Admin deployed ${app}`);
    await page.locator(`[data-app="${app}"] [data-status=running]`).waitFor();
    expect(await feed()).toEqual(['apps:created', 'apps:status']); // the deployment is one row
    const deployment = page.locator('#feed [data-status=completed]');
    await deployment.locator('summary').click();
    expect(
      (await deployment.locator('pre').allTextContents()).map((json) => (JSON.parse(json) as Arrived).channel),
    ).toEqual([
      ...['deployments:started', 'apps:status', 'deployments:status', 'deployments:status', 'deployments:completed'],
      ...['apps:deployed', 'apps:status'],
    ]);
    await deployment.locator('summary').click();

    await page.getByLabel('Simulate a failed deployment').check();
    await click(`Deploy ${app}`);
    await arrived('system:alerts', `failed to deploy ${app}: The health check`);
    await page.locator(`[data-app="${app}"] .progress[data-status=failed]`).waitFor();
    await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
    expect(await violations(page)).toEqual([]);
    expect(await cutOff(page)).toEqual([]);
    await screenshot(page, name);
    await click(`Delete ${app}`);
    await arrived('apps:deleted', app);
    await page.locator(`[data-app="${app}"]`).waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  it('changes rows, uploads and replaces a file, announces, and shows each change as it arrives', async () => {
    await open(platform.url, DESKTOP);
    await signIn(ADMIN);
    await page.getByLabel('New table').fill('orders');
    await page.locator('#table-form').getByRole('button').click();
    await arrived('database:table_created', 'orders');
    await page.getByLabel('Column').fill('price');
    await page.getByLabel('Value').fill('12');
    await click('Insert row');
    await arrived('database:row_updated', 'inserted a row in orders: {"price":12}');
    await page.getByRole('combobox', { name: 'Row' }).selectOption('{"price":12}');
    await page.getByLabel('Value').fill('<b>13</b>');
    await click('Update row');
    await arrived('database:row_updated', 'changed a row in orders: {"price":"<b>13</b>"}');

    const file = (text: string) => ({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from(text) });
    await page.getByLabel('File (up to 1 MiB)').setInputFiles(file('one'));
    await click('Upload');
    await arrived('storage:uploaded', 'notes.txt');
    await page.getByLabel('New content of notes.txt').setInputFiles(file('two, and more'));
    await arrived('storage:updated', 'notes.txt');
    const [download] = await Promise.all([page.waitForEvent('download'), click('Download notes.txt')]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    expect([download.suggestedFilename(), Buffer.concat(chunks).toString()]).toEqual(['notes.txt', 'two, and more']);

    await page.getByLabel('Message to everyone').fill('<img src=x onerror=alert(1)>');
    await click('Announce');
    await arrived('announcements', '<img src=x onerror=alert(1)>');
    expect(await page.locator('#feed img, #feed b, #row-form b').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('subscribes and unsubscribes with its switches, one channel or a whole group', async () => {
    await open(platform.url, DESKTOP);
    await signIn(USER);
    expect(await page.getByRole('checkbox', { name: /^system/ }).count()).toBe(0);
    expect(await page.getByText('Announcement', { exact: true }).isVisible()).toBe(false);
    const api = await Api.signIn(platform, USER);
    const group = page.getByRole('checkbox', { name: /^apps \d\/5$/ });
    expect(await page.getByRole('checkbox', { name: 'apps:created' }).count()).toBe(0); // the group is collapsed
    await click('Show 5 apps channels');

    await page.getByRole('checkbox', { name: 'apps:created' }).uncheck();
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('.all input:indeterminate') !== null);
    await page.getByText('4/5').waitFor();
    await api.post('/api/apps', { name: 'unheard' });
    await api.post('/api/database/tables', { name: 'heard' });
    await arrived('database:table_created', 'heard');
    expect(await feed()).not.toContain('apps:created');

    await group.click(); // a partly selected group becomes fully selected
    await subscribedTo('apps:created');
    await api.post('/api/apps', { name: 'heard again' });
    await arrived('apps:created', 'heard again');
    await group.uncheck();
    await page.getByRole('checkbox', { name: 'apps:status', checked: false }).waitFor();
    expect(await page.locator('#feed [data-channel^="apps:"]').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('reconnects by itself after the connection was lost, and shows each missed event once', async () => {
    const line = await Line.open(platform.port);
    try {
      await open(`http://localhost:${line.port}`, DESKTOP);
      await signIn(USER);
      const api = await Api.signIn(platform, USER);
      await api.post('/api/apps', { name: 'before' });
      await arrived('apps:created', 'before');
      line.cut();
      await page.locator('#connection:not([data-state=connected])').waitFor();
      await page
        .locator('.log')
        .getByText(/^Connection lost/)
        .first()
        .waitFor();
      await api.post('/api/apps', { name: 'meanwhile' });
      line.mend();
      await connected();
      await arrived('apps:created', 'meanwhile');
      await page
        .locator('.log')
        .getByText(/^Resumed after \d+ s, 1 event recovered$/)
        .waitFor();
      expect(await page.locator('#feed .recovered').count()).toBe(1);
      await api.post('/api/apps', { name: 'after' });
      await arrived('apps:created', 'after');
      expect(await feed()).toEqual(['apps:created', 'apps:created', 'apps:created']);
    } finally {
      await line.close();
    }
  });

  it('cuts its own connection on demand, and shows how many events it recovered', async () => {
    await open(platform.url, PHONE);
    await signIn(ADMIN);
    const api = await Api.signIn(platform, OTHER);
    await click('Cut the connection for 10 s');
    await page.getByText('Connection cut').waitFor();
    expect(await cutOff(page)).toEqual([]);
    await screenshot(page, 'cut');
    await api.post('/api/apps', { name: 'meanwhile too' });
    await click('Restore now'); // its four changes happen before the connection is back
    const status = page.locator('#connection', { hasText: /^Resumed after \d+ s, 5 events recovered$/ });
    await status.waitFor();
    expect(await page.locator('#feed [data-channel]:has(.recovered)').count()).toBe(5);
    expect((await feed()).toSorted((a, b) => a.localeCompare(b))).toEqual([
      ...['apps:created', 'apps:created', 'apps:deleted', 'apps:updated', 'apps:updated'],
    ]);
    expect(await page.locator('.app', { hasText: /^demo / }).count()).toBe(0); // nothing is left behind
    expect(await cutOff(page)).toEqual([]);
    expect(await violations(page)).toEqual([]);
    await screenshot(page, 'resumed');
    expect(complaints).toEqual([]);
  });

  it('shows an error beside the field that it is about', async () => {
    await open(platform.url, PHONE);
    await page.getByLabel('Email').fill(ADMIN);
    await page.getByLabel('Password').fill('wrong');
    await click('Sign in');
    const password = page.getByRole('textbox', { name: 'Password' });
    await page.locator('.field', { has: password }).getByRole('alert').getByText('Wrong email or password').waitFor();
    expect(await violations(page)).toEqual([]);
    await signIn(ADMIN);
    const name = page.getByLabel('Name');
    const create = async (app: string): Promise<void> => {
      await name.fill(app);
      await page.locator('#app-form').getByRole('button').click();
      await page.locator(`[data-app=${app}]`).waitFor();
    };
    await create('twice');
    await create('twice');
    const field = page.locator('.field', { has: name });
    await field.getByRole('alert').getByText('An application with this name already exists').waitFor();
    expect(await name.getAttribute('aria-invalid')).toBe('true');
    expect(await violations(page)).toEqual([]);
    await screenshot(page, 'error');
    await name.fill('another');
    await field.getByRole('alert').waitFor({ state: 'detached' });
  });

  it('reports a resync when the server no longer has the missed events, and reloads the lists', async () => {
    const env = { PORT: String(await freePort()), TLS_PORT: '0', JWT_SECRET: TEST_SECRET };
    let forgetful = await PlatformProcess.start({ env });
    try {
      await open(forgetful.url, DESKTOP);
      await signIn(USER);
      const api = await Api.signIn(forgetful, USER);
      await api.post('/api/apps', { name: 'forgotten' });
      await page.locator('[data-app=forgotten]').waitFor();
      await forgetful.stop('SIGKILL');
      await page.locator('#connection:not([data-state=connected])').waitFor();
      forgetful = await PlatformProcess.start({ env });
      await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))); // it reconnects without waiting
      await connected();
      await page
        .locator('.log')
        .getByText(/^Reconnected after \d+ s: events were missed/)
        .waitFor();
      await page.locator('[data-app=forgotten]').waitFor({ state: 'detached' });
      expect(complaints.filter((text) => !text.includes('WebSocket connection'))).toEqual([]);
    } finally {
      await forgetful.stop();
    }
  }, 60_000);

  it('shows other users and their actions, and lets no signed-out user in', async () => {
    await open(platform.url, DESKTOP);
    await signIn(USER);
    const here = page.locator('.people');
    await here.getByText('Uma User').waitFor();
    const other = await Api.signIn(platform, OTHER);
    const listener = await listen(platform.wsUrl, other.token!, ['users:online']);
    await here.getByText('Otto Other').waitFor();
    await other.post('/api/apps', { name: 'by another' });
    await arrived('apps:created', 'Otto Other created the application by another');
    await listener.close();
    await here.getByText('Otto Other').waitFor({ state: 'detached' });

    let sockets = 0;
    page.on('websocket', () => (sockets += 1));
    await click('Sign out');
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(sockets).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('returns to the sign-in with a message when the token is no longer valid', async () => {
    await open(platform.url, DESKTOP);
    await page.evaluate(() => {
      sessionStorage.setItem(
        'platform.signed-in',
        JSON.stringify({ token: 'bad', user: { id: 'u1', email: 'u1@example.com', role: 'user' } }),
      );
    });
    await page.reload();
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(/\w+ \w+/);
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it('can be used with the keyboard alone', async () => {
    await open(`${platform.url}/#${USER}`, DESKTOP);
    await page.getByText('Or use a demo account').waitFor();
    await page.getByLabel('Password').press('Enter');
    await connected();
    await subscribedTo('apps:created');
    await page.getByLabel('Name').focus();
    await page.keyboard.type('typed');
    await page.keyboard.press('Enter');
    await arrived('apps:created', 'typed');
    const summary = page.locator('#feed summary').first();
    await summary.focus();
    expect(await summary.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid');
    await page.keyboard.press('Enter');
    expect(await page.locator('#feed pre').first().textContent()).toContain('"name": "typed"');
  });

  it('references no file of another origin, and its policy allows only its own scripts', async () => {
    const response = await fetch(platform.url);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    expect(await response.text()).not.toMatch(/https?:|<script>|\son\w+=|style=/);
  });
});

/** The fields of an opened event that this test reads. */
interface Arrived {
  readonly channel: string;
}
