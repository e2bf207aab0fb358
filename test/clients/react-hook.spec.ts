import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

declare global {
  var show: (props: { url: string; token: string; channel: string }) => void;
  var leave: () => void;
  var showApps: (url: string) => void;
}

describe('third-party React hooks, in Chromium, in StrictMode', () => {
  let browser: Browser;
  let page: Page;
  let app: RealtimeApp;
  let scripts: readonly string[];

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: ['test/clients/pages/react-app.jsx', 'test/clients/pages/react-use-websocket.jsx'],
      outdir: 'unwritten',
      bundle: true,
      write: false,
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"development"' },
    });
    scripts = outputFiles.map(({ text }) => text);
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    app = await RealtimeApp.start({ origins: ['null'] }); // the page has an opaque origin
    page = await browser.newPage();
    await page.setContent('<!doctype html><title>hook</title><body></body>');
    for (const content of scripts) await page.addScriptTag({ content });
  });
  afterEach(async () => {
    await page.close();
    await app.close();
  });

  const show = (channel: string): Promise<void> =>
    page.evaluate((props) => globalThis.show(props), { url: app.url, token: signToken({ sub: 'reactor' }), channel });
  const subscribed = (channel: string) =>
    page.waitForFunction((name) => document.body.dataset['subscribed'] === name, channel);

  it('handwritten, subscribing in onopen: shows its user, and every event once', async () => {
    await show('apps:created');
    await subscribed('apps:created');
    expect(await page.textContent('h1')).toBe('reactor');
    for (const id of ['1', '2', '3']) await app.events.emit('apps:created', { id, name: `app ${id}` });
    await page.waitForFunction(() => document.querySelectorAll('li').length >= 3);
    expect(await page.locator('li').allTextContents()).toEqual(['app 1', 'app 2', 'app 3']);
  });

  it('handwritten: follows its channel', async () => {
    await show('apps:created');
    await subscribed('apps:created');
    await show('users:created');
    await subscribed('users:created');
    await app.events.emit('apps:created', { id: '1', name: 'not shown' });
    await app.events.publish('users:created', { id: '2', name: 'shown' });
    await page.waitForSelector('li');
    expect(await page.locator('li').allTextContents()).toEqual(['shown']);
  });

  it('handwritten: leaves no connection behind when it is unmounted', async () => {
    await show('apps:created');
    await subscribed('apps:created');
    const [connection] = [...app.registry.all()].filter(({ subscriptions }) => subscriptions.size > 0);
    const gone = app.endOf(connection!);
    await page.evaluate(() => globalThis.leave());
    expect(await gone).toBe(1005);
    expect(app.registry.stats()).toMatchObject({ connections: 0, subscriptions: 0 });
  });

  it('react-use-websocket: shows every event once, and again after its connection broke', async () => {
    const subscriptions = () => [...app.registry.all()].filter((connection) => connection.subscriptions.size > 0);
    const isSubscribed = () => page.locator('ol[title=subscribed]').waitFor({ state: 'attached' });
    const shown = async (count: number): Promise<string[]> => {
      await page.waitForFunction((expected) => document.querySelectorAll('ol li').length >= expected, count);
      return page.locator('ol li').allTextContents();
    };
    await page.evaluate((url) => globalThis.showApps(url), `${app.url}?token=${signToken({ sub: 'reactor' })}`);
    await isSubscribed();
    for (const id of ['1', '2', '3']) await app.events.emit('apps:created', { id, name: `app ${id}` });
    expect(await shown(3)).toEqual(['app 1', 'app 2', 'app 3']);
    for (const { transport } of subscriptions()) transport.terminate();
    await isSubscribed();
    await app.events.emit('apps:created', { id: '4', name: 'app 4' });
    expect(await shown(4)).toEqual(['app 1', 'app 2', 'app 3', 'app 4']);
    expect(subscriptions()).toHaveLength(1);
  });
});
