import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { RealtimeClient, StateChange } from '../../src/client/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { BlockingProxy } from '../support/blocking-proxy.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { ServedPage } from './support/served-page.js';

/** Variables of a page. */
interface Behind {
  client: RealtimeClient;
  received: string[];
  resets: string[];
  changes: StateChange[];
  /** Time from the start until the subscription, in milliseconds. */
  subscribedAfter: number;
}

interface Start {
  readonly url: string;
  readonly token: string;
  readonly isShared: boolean;
  /** Interval of the tries, in milliseconds. */
  readonly retryMs: number;
}

declare global {
  var behind: Behind;
  var connectBehind: (start: Start) => void;
}

const SCRIPT = `
import { createRealtimeClient } from './src/client/index.ts';
import { sharedWebSocket } from './src/client/shared/index.ts';
import { sse } from './src/client/sse/index.ts';
globalThis.connectBehind = ({ url, token, isShared, retryMs }) => {
  const startedAt = performance.now();
  const WebSocket = isShared ? sharedWebSocket({ name: 'user 42' }) : undefined;
  const transports = ['websocket', sse({ retryWebSocketMs: retryMs })];
  const client = createRealtimeClient({ url, token, WebSocket, transports });
  const behind = (globalThis.behind = { client, received: [], resets: [], changes: [], subscribedAfter: Infinity });
  const channel = client.channel('apps:created');
  client.on('state', (change) => behind.changes.push(change));
  channel.on('state', ({ state }) => {
    if (state === 'subscribed') behind.subscribedAfter = Math.min(behind.subscribedAfter, performance.now() - startedAt);
  });
  channel.on('event', ({ data }) => void behind.received.push(data.name));
  channel.on('reset', ({ reason }) => void behind.resets.push(reason));
  channel.subscribe();
};`;

/** Less than the time limit of a WebSocket, in milliseconds. How much less is measured without a busy machine, in `fallback.spec.ts`. */
const SOON_MS = 9_000;

/** An interval that no test reaches, in milliseconds. */
const NEVER_MS = 300_000;

describe('a page behind a proxy that blocks WebSocket, in Chromium', () => {
  let browser: Browser;
  let context: BrowserContext;
  let app: RealtimeApp;
  let proxy: BlockingProxy;
  let served: ServedPage;

  beforeAll(async () => {
    [served, browser, app] = await Promise.all([ServedPage.serve(SCRIPT), launchChromium(), RealtimeApp.start()]);
    proxy = await BlockingProxy.start(app.port);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await proxy?.close();
    await app?.close();
    served?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    context.setDefaultTimeout(20_000);
  });
  afterEach(async () => {
    await context.close();
    proxy.set('webSocket', 'pass');
  });

  async function open({ isShared = false, retryMs = NEVER_MS } = {}): Promise<Page> {
    const page = await context.newPage();
    await page.goto(served.origin);
    const start = { url: `ws://127.0.0.1:${proxy.port}/ws`, token: signToken({ sub: 'reader' }), isShared, retryMs };
    await page.evaluate((given) => globalThis.connectBehind(given), start);
    await page.waitForFunction(() => behind.client.channel('apps:created').state === 'subscribed');
    return page;
  }
  const emit = (name: string) => app.events.emit('apps:created', { id: name, name });
  const transportOf = (page: Page) => page.evaluate(() => behind.client.transport);
  const received = (page: Page, count: number): Promise<string[]> =>
    page
      .waitForFunction((wanted) => behind.received.length >= wanted, count)
      .then(() => page.evaluate(() => behind.received));

  it.each(['refuse', 'swallow'] as const)(
    'is subscribed before a WebSocket times out if it %ss them',
    async (treatment) => {
      proxy.set('webSocket', treatment);
      const page = await open();
      await emit('one');
      expect(await received(page, 1)).toEqual(['one']);
      expect(await transportOf(page)).toBe('sse');
      expect(await page.evaluate(() => behind.subscribedAfter)).toBeLessThan(SOON_MS);
    },
  );

  it('changes to a WebSocket once the proxy lets it through, and receives each event once', async () => {
    proxy.set('webSocket', 'refuse');
    const page = await open({ retryMs: 200 });
    await emit('one');
    await received(page, 1);
    proxy.set('webSocket', 'pass');
    await page.waitForFunction(() => behind.client.transport === 'websocket');
    await emit('two');
    expect(await received(page, 2)).toEqual(['one', 'two']);
    expect(await page.evaluate(() => behind.resets)).toEqual([]);
  });

  it('shares one stream between its tabs, which another tab opens when the first is closed', async () => {
    proxy.set('webSocket', 'refuse');
    const pages = [await open({ isShared: true }), await open({ isShared: true }), await open({ isShared: true })];
    expect(app.registry.ofUser('reader').size).toBe(1);
    await emit('one');
    for (const page of pages) expect([await received(page, 1), await transportOf(page)]).toEqual([['one'], 'sse']);

    await pages[0]!.close();
    const [, ...others] = pages;
    for (const page of others) {
      await page.waitForFunction(() => behind.changes.filter(({ code }) => code === 'ready').length === 2);
      await page.waitForFunction(() => behind.client.channel('apps:created').state === 'subscribed');
    }
    await emit('two');
    for (const page of others) expect(await received(page, 2)).toEqual(['one', 'two']);
    expect(app.registry.ofUser('reader').size).toBe(1);
  });
});
