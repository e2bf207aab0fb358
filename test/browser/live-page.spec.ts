import type { Browser, BrowserContextOptions } from 'playwright-core';
import { ADMIN, Api, OTHER, USER } from '../platform/support/api.js';
import { listen } from '../platform/support/listener.js';
import { launchChromium } from '../support/chromium.js';
import { PlatformProcess } from '../support/platform-process.js';
import { describeLostConnections } from './live-page/lost-connections.js';
import { openLivePage, type LiveTab } from './support/live-tab.js';
import { cutOff, DESKTOP, PHONE, screenshot, violations } from './support/look.js';

declare global {
  /** The names that the page of `watchNames` has shown, in each frame and after each change, without repetitions. */
  var shownNames: string[];
}

/** Presses the button that cancels a deployment once its application shows progress. Runs in the page. */
function cancelDeployments(): void {
  new MutationObserver(() => {
    const button = document.querySelector<HTMLElement>('[aria-label^="Cancel the deployment"]');
    const shown = button?.closest('.app')?.querySelector('.progress')?.getAttribute('data-status');
    if (shown !== undefined && shown !== 'none') button?.click();
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
}

/** Watches which of the names of a test the list of applications shows. Runs in the page. */
function watchNames(): void {
  globalThis.shownNames = [];
  const look = (): void => {
    const names = [...document.querySelectorAll('.app .name')].map(({ textContent }) => textContent);
    const shown = names.filter((name) => /^(taken|name \d)$/.test(name)).join();
    if (shown !== shownNames.at(-1)) shownNames.push(shown);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  const frame = (): void => {
    look();
    requestAnimationFrame(frame);
  };
  frame();
}

describe('the live page', () => {
  let platform: PlatformProcess;
  let browser: Browser;
  let opened: LiveTab | undefined;

  beforeAll(async () => {
    platform = await PlatformProcess.start({ env: { DEPLOY_STEP_MS: '50' } });
    browser = await launchChromium();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await platform?.stop();
  });

  async function open(url: string, options: BrowserContextOptions): Promise<LiveTab> {
    opened = await openLivePage(browser, url, options);
    return opened;
  }

  afterEach(async () => {
    await opened?.page.context().close();
    opened = undefined;
  });

  it.each([
    ['over ws, on a desktop in the light', 'url', { ...DESKTOP, colorScheme: 'light' }],
    ['over wss, on a phone in the dark', 'tlsUrl', { ...PHONE, colorScheme: 'dark' }],
  ] as const)('%s: signs in, creates and deploys an application, and shows what arrives', async (name, url, device) => {
    const app = `shop ${url}`;
    const { page, complaints, click, connected, subscribedTo, arrived, feed } = await open(
      `${platform[url]}/#${ADMIN}`,
      device,
    );
    await page.getByText('Or use a demo account').waitFor(); // the form is filled in now
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `sign-in ${name}`);
    await click('Sign in');
    await connected();
    await subscribedTo('announcements');
    // The feed begins with the last events: here those of the test before.
    if (url === 'tlsUrl') await arrived('apps:deleted', 'shop url');

    await page.getByLabel('Name', { exact: true }).fill(app);
    await page.locator('#app-form').getByRole('button').click();
    await arrived('apps:created', app);
    await click(`Deploy ${app}`);
    await arrived('apps:status', `Ada Admin deployed ${app}`);
    await page.locator(`[data-app="${app}"] [data-status=running]`).waitFor();
    expect((await feed()).slice(-2)).toEqual(['apps:created', 'apps:status']); // the deployment is one row
    const deployment = page.locator('#feed [data-status=completed]').first();
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

  it('shows a new name at once, never the old one again, and the old one after a refusal', async () => {
    const { page, complaints, click, signIn, arrived } = await open(platform.url, DESKTOP);
    await signIn(ADMIN);
    const api = await Api.signIn(platform, ADMIN);
    for (const name of ['name 0', 'taken']) {
      await api.post('/api/apps', { name });
      await page.locator(`[data-app="${name}"]`).waitFor();
    }
    await page.evaluate(watchNames);
    const rename = async (from: string, to: string): Promise<void> => {
      await click(`Rename ${from}`);
      await page.getByLabel(`New name of ${from}`).fill(to);
      await click('Save');
    };
    for (const count of [1, 2, 3]) {
      await rename(`name ${count - 1}`, `name ${count}`);
      await page.locator(`[data-app="name ${count}"] .name`).waitFor();
      await arrived('apps:updated', `name ${count}`);
    }
    await rename('name 3', 'taken');
    await page.getByRole('alert').getByText('An application with this name already exists').waitFor();
    await page.locator('[data-app="name 3"] .name').waitFor();
    // While the form is open, its application shows no name.
    expect(await page.evaluate(() => globalThis.shownNames)).toEqual([
      ...['taken,name 0', 'taken', 'taken,name 1', 'taken', 'taken,name 2', 'taken', 'taken,name 3'],
      ...['taken', 'taken,taken', 'taken,name 3'],
    ]);
    expect(complaints).toEqual([]);
  });

  it('shows the progress of a deployment, and cancels it', async () => {
    const { page, complaints, click, signIn } = await open(platform.url, DESKTOP);
    const received: string[] = [];
    page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => received.push(String(payload))));
    await signIn(ADMIN);
    const api = await Api.signIn(platform, ADMIN);
    await page.evaluate(cancelDeployments);
    let outcome: string | null = null;
    // On a busy machine a deployment can end before it is cancelled.
    for (let attempt = 1; outcome?.startsWith('Cancelled') !== true; attempt += 1) {
      const name = `stopped ${attempt}`;
      await api.post('/api/apps', { name });
      await click(`Deploy ${name}`);
      const ended = page.locator(`[data-app="${name}"]`).getByText(/^(Cancelled|completed) ·/);
      await ended.waitFor();
      outcome = await ended.textContent();
    }
    expect(received.join('\n')).toMatch(/"type":"progress",[^\n]*"status":"started"/);
    expect(await page.getByRole('alert').count()).toBe(0);
    const { body: deployments } = await api.get<{ status: string; reason: string }[]>('/api/deployments?limit=1');
    expect(deployments).toMatchObject([{ status: 'failed', reason: 'Cancelled' }]);
    expect(complaints).toEqual([]);
  });

  it('changes rows, uploads and replaces a file, announces, and shows each change as it arrives', async () => {
    const { page, complaints, click, signIn, arrived } = await open(platform.url, DESKTOP);
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
    const { page, complaints, click, signIn, subscribedTo, arrived, feed } = await open(platform.url, DESKTOP);
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

  describeLostConnections(() => ({ open, platform }));

  it('shows an error beside the field that it is about', async () => {
    const { page, click, signIn } = await open(platform.url, PHONE);
    await page.getByLabel('Email').fill(ADMIN);
    await page.getByLabel('Password').fill('wrong');
    await click('Sign in');
    const password = page.getByRole('textbox', { name: 'Password' });
    await page.locator('.field', { has: password }).getByRole('alert').getByText('Wrong email or password').waitFor();
    expect(await violations(page)).toEqual([]);
    await signIn(ADMIN);
    const name = page.getByLabel('Name', { exact: true });
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

  it('shows other users and their actions, and lets no signed-out user in', async () => {
    const { page, complaints, click, signIn, arrived } = await open(platform.url, DESKTOP);
    await signIn(USER);
    const here = page.locator('.people');
    await here.getByText('Uma User').waitFor();
    const other = await Api.signIn(platform, OTHER);
    const listener = await listen(platform.wsUrl, other.token!, ['users:online']);
    await here.getByText('Otto Other').waitFor();
    await other.post('/api/apps', { name: 'by another' });
    await arrived('apps:created', 'Otto Other created the application by another');
    // Each sees what the other looks at.
    const look = (state: unknown) => listener.ask({ type: 'presence_update', channel: 'users:online', state });
    await look({ section: 'Applications', app: 'by another' });
    await here.getByText('looks at by another').waitFor();
    const shop = page.locator('[data-app="by another"]');
    await shop.locator('.viewers .avatar').waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await cutOff(page)).toEqual([]);
    await screenshot(page, 'viewers');
    await look({ section: { html: '<b>' } });
    await here.getByText('looks at').waitFor({ state: 'detached' });
    await look({ section: 'Storage' });
    await here.getByText('looks at Storage').waitFor();
    await here.hover();
    listener.send({ type: 'subscribe', channel: 'users:online', presence: true });
    await listener.next('presence');
    await shop.hover();
    const hovered = { section: 'Applications', app: 'by another' };
    await listener.next('presence_diff', ({ updated = [] }) =>
      updated.some(({ state }) => JSON.stringify(state) === JSON.stringify(hovered)),
    );
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
    const { page } = await open(platform.url, DESKTOP);
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
    const { page, connected, subscribedTo, arrived } = await open(`${platform.url}/#${USER}`, DESKTOP);
    await page.getByText('Or use a demo account').waitFor();
    await page.getByLabel('Password').press('Enter');
    await connected();
    await subscribedTo('apps:created');
    await page.getByLabel('Name', { exact: true }).focus();
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
