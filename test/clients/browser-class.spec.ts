import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

/** Fields of the class in the page; see pages/socket-class.js. */
interface PageClient {
  readonly user: { readonly userId: string } | null;
  readonly events: unknown[];
  readonly errors: string[];
  readonly closes: number[];
  readonly delays: number[];
  readonly subscribed?: string;
  readonly pongs?: number;
  subscribe(channel: string): void;
  send(message: object): void;
}

declare global {
  var Realtime: new (url: string, token: string) => PageClient;
  var client: PageClient;
}

describe('a class in a browser, with the token in the query', () => {
  let browser: Browser;
  let page: Page;
  let app: RealtimeApp;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    app = await RealtimeApp.start({ origins: ['null'] }); // the page has an opaque origin
    page = await browser.newPage();
    await page.addScriptTag({ path: 'test/clients/pages/socket-class.js' });
  });
  afterEach(async () => {
    await page.close();
    await app.close();
  });

  const begin = (token: string): Promise<unknown> =>
    page.evaluate(([url, jwt]) => void (globalThis.client = new Realtime(url!, jwt!)), [app.url, token]);

  it('connects, subscribes and receives events', async () => {
    await begin(signToken({ sub: 'browser' }));
    await page.waitForFunction(() => client.user?.userId === 'browser');
    await page.evaluate(() => client.subscribe('apps:created'));
    await page.waitForFunction(() => client.subscribed === 'apps:created');
    await app.events.emit('apps:created', { id: '1', name: 'ü😀' });
    await page.waitForFunction(() => client.events.length === 1);
    expect(await page.evaluate(() => client.events)).toEqual([{ id: '1', name: 'ü😀' }]);
    await page.evaluate(() => {
      client.send({ type: 'ping' });
      client.subscribe('system:health');
    });
    await page.waitForFunction(() => client.pongs === 1 && client.errors.length === 1);
    expect(await page.evaluate(() => client.errors)).toEqual(['Not authorized to subscribe to this channel']);
  });

  it('reconnects after the server restarted on the same port, with increasing delays', async () => {
    await begin(signToken());
    await page.evaluate(() => client.subscribe('apps:created'));
    await page.waitForFunction(() => client.subscribed === 'apps:created');
    await app.close();
    await page.waitForFunction(() => client.closes.length >= 3);
    app = await RealtimeApp.start({ origins: ['null'] }, { port: app.port });
    const [connection] = await connected();
    while (connection!.subscriptions.size === 0) await new Promise(setImmediate);
    await app.events.emit('apps:created', { id: '2', name: 'after' });
    await page.waitForFunction(() => client.events.length === 1);
    const { closes, delays } = await page.evaluate(() => ({ closes: client.closes, delays: client.delays }));
    expect(closes[0]).toBe(1012);
    expect(new Set(closes.slice(1))).toEqual(new Set([1006])); // no server was listening
    expect(delays.slice(0, 3)).toEqual([100, 200, 400]);
  });

  it('receives the reason why a bad token is refused, and does not reconnect', async () => {
    await begin('rubbish');
    await page.waitForFunction(() => client.closes.length === 1);
    const { errors, closes } = await page.evaluate(() => ({ errors: client.errors, closes: client.closes }));
    expect(errors).toEqual(['The token is not valid']);
    expect(closes).toEqual([4401]);
  });

  /** Resolves once a client is connected. */
  async function connected() {
    if (app.registry.size === 0) await new Promise<void>((resolve) => app.server.onConnection(() => resolve()));
    return [...app.registry.all()];
  }
});
