import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

declare global {
  var show: (props: { url: string; token: string; channel: string }) => void;
  var leave: () => void;
}

describe('a React hook that subscribes in onopen, in StrictMode', () => {
  let browser: Browser;
  let page: Page;
  let app: RealtimeApp;
  let bundle: string;

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: ['test/clients/pages/react-app.jsx'],
      bundle: true,
      write: false,
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"development"' },
    });
    bundle = outputFiles[0]!.text;
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    app = await RealtimeApp.start({ origins: ['null'] }); // the page comes from nowhere
    page = await browser.newPage();
    await page.setContent('<!doctype html><title>hook</title><body></body>');
    await page.addScriptTag({ content: bundle });
  });
  afterEach(async () => {
    await page.close();
    await app.close();
  });

  const show = (channel: string): Promise<void> =>
    page.evaluate((props) => globalThis.show(props), { url: app.url, token: signToken({ sub: 'reactor' }), channel });
  const subscribed = (channel: string) =>
    page.waitForFunction((name) => document.body.dataset['subscribed'] === name, channel);

  it('shows who it is, and every event once', async () => {
    await show('apps:created');
    await subscribed('apps:created');
    expect(await page.textContent('h1')).toBe('reactor');
    for (const id of ['1', '2', '3']) await app.events.emit('apps:created', { id, name: `app ${id}` });
    await page.waitForFunction(() => document.querySelectorAll('li').length >= 3);
    expect(await page.locator('li').allTextContents()).toEqual(['app 1', 'app 2', 'app 3']);
  });

  it('follows its channel', async () => {
    await show('apps:created');
    await subscribed('apps:created');
    await show('users:created');
    await subscribed('users:created');
    await app.events.emit('apps:created', { id: '1', name: 'not shown' });
    await app.events.publish('users:created', { id: '2', name: 'shown' });
    await page.waitForSelector('li');
    expect(await page.locator('li').allTextContents()).toEqual(['shown']);
  });

  it('leaves no connection behind when it is unmounted', async () => {
    await show('apps:created');
    await subscribed('apps:created');
    const [connection] = [...app.registry.all()].filter(({ subscriptions }) => subscriptions.size > 0);
    const gone = app.letGo(connection!);
    await page.evaluate(() => globalThis.leave());
    expect(await gone).toBe(1005);
    expect(app.registry.stats()).toMatchObject({ connections: 0, subscriptions: 0 });
  });
});
