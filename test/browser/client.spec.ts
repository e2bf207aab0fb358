import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Reset, RealtimeClient, StateChange } from '../../src/client/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { launchChromium } from '../support/chromium.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import { describeDevtools } from './client/devtools.js';
import { Line } from './support/line.js';
import { ServedPage } from './support/served-page.js';

/** Variables of the page. */
interface World {
  client: RealtimeClient;
  received: string[];
  resets: Reset[];
  changes: StateChange[];
  /** True once the page was restored from the back/forward cache. */
  isRestored: boolean;
}

declare global {
  var world: World;
  var begin: (url: string) => void;
  var getToken: () => Promise<string>;
  /** Messages from the worker. */
  var workerMessages: string[];
}

const PAGE = `
import { createRealtimeClient } from './src/client/index.ts';
globalThis.begin = (url) => {
  const client = createRealtimeClient({ url, getToken: () => globalThis.getToken(), minDelayMs: 50 });
  const world = (globalThis.world = { client, received: [], resets: [], changes: [], isRestored: false });
  addEventListener('pageshow', ({ persisted }) => (world.isRestored = persisted));
  const channel = client.channel('apps:created');
  channel.on('event', ({ data }) => void world.received.push(data.name));
  channel.on('reset', (reset) => void world.resets.push(reset));
  client.on('state', (change) => world.changes.push(change));
  channel.subscribe();
};`;

describe('the client in Chromium', () => {
  let browser: Browser;
  let context: BrowserContext;
  let app: RealtimeApp;
  let line: Line;
  let pages: ServedPage;
  let tokens: number;
  let tokenFor: () => string;

  beforeAll(async () => {
    pages = await ServedPage.serve(PAGE);
    browser = await launchChromium({ backForwardCache: true });
    app = await RealtimeApp.start();
    line = await Line.open(app.port);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await line?.close();
    await app?.close();
    pages?.close();
  });
  beforeEach(async () => {
    tokens = 0;
    tokenFor = () => signToken({ sub: 'viewer' });
    context = await browser.newContext();
    context.setDefaultTimeout(20_000);
    await context.exposeFunction('getToken', () => {
      tokens += 1;
      return tokenFor();
    });
  });
  afterEach(() => context.close());

  /** @param port connects here instead of through the line */
  async function open(port = line.port): Promise<Page> {
    const page = await context.newPage();
    await page.goto(pages.origin);
    await page.evaluate((url) => globalThis.begin(url), `ws://127.0.0.1:${port}/ws`);
    await subscribed(page);
    return page;
  }
  const subscribed = (page: Page) =>
    page.waitForFunction(() => world.client.channel('apps:created').state === 'subscribed');
  const inState = (page: Page, state: string) => page.waitForFunction((wanted) => world.client.state === wanted, state);
  const emit = (name: string) => app.events.emit('apps:created', { id: name, name });
  const received = (page: Page, count: number): Promise<string[]> =>
    page
      .waitForFunction((wanted) => world.received.length >= wanted, count)
      .then(() => page.evaluate(() => world.received));

  it('reconnects after a network failure, and delivers each missed event once', async () => {
    const page = await open();
    await emit('before');
    await received(page, 1);
    line.cut();
    await inState(page, 'waiting');
    await emit('meanwhile');
    line.restore();
    await subscribed(page);
    await emit('after');
    expect(await received(page, 3)).toEqual(['before', 'meanwhile', 'after']);
    expect(await page.evaluate(() => world.resets)).toEqual([]);
  });

  it('reports a resync once after the server restarted without its history', async () => {
    const page = await open();
    await emit('before');
    await received(page, 1);
    const { port } = app;
    await app.close();
    await inState(page, 'waiting');
    app = await RealtimeApp.start({}, { port });
    await subscribed(page);
    await emit('after');
    expect(await received(page, 2)).toEqual(['before', 'after']);
    expect(await page.evaluate(() => world.resets.map(({ reason }) => reason))).toEqual(['unknown_epoch']);
  });

  it('renews its token before it expires, on the same connection', async () => {
    tokenFor = () => signToken({ sub: 'renewing', exp: secondsFromNow(tokens === 1 ? 5 : 3600) });
    const page = await open();
    const [connection] = app.registry.ofUser('renewing');
    await page.evaluate(() => new Promise<void>((resolve) => void world.client.on('identity', () => resolve())));
    expect(tokens).toBe(2);
    expect([...app.registry.ofUser('renewing')]).toEqual([connection]);
    expect(await page.evaluate(() => world.changes.length)).toBe(2);
  });

  it('resumes after its token expired and no new one was available for a while', async () => {
    tokenFor = () => signToken({ sub: 'viewer', exp: secondsFromNow(2) });
    const page = await open();
    tokenFor = () => {
      throw new Error('the sign-in is unavailable');
    };
    await emit('before');
    await inState(page, 'waiting');
    await emit('meanwhile');
    tokenFor = () => signToken({ sub: 'viewer' });
    await subscribed(page);
    await emit('after');
    expect(await received(page, 3)).toEqual(['before', 'meanwhile', 'after']);
    expect(await page.evaluate(() => world.changes.filter(({ previous }) => previous === 'connected'))).toMatchObject([
      { state: 'waiting', code: 'token_refused', closeCode: 4401 },
    ]);
    expect(await page.evaluate(() => world.resets)).toEqual([]);
  });

  it('detects a dead connection within the heartbeat, without a close from the network', async () => {
    const quick = await RealtimeApp.start({ heartbeatIntervalMs: 1_000 });
    const dying = await Line.open(quick.port);
    try {
      const page = await open(dying.port);
      await quick.events.emit('apps:created', { id: '1', name: 'before' });
      await received(page, 1);
      dying.die();
      await quick.events.emit('apps:created', { id: '2', name: 'meanwhile' });
      await page.waitForFunction(() => world.changes.some(({ code }) => code === 'silent'));
      dying.restore();
      expect(await received(page, 2)).toEqual(['before', 'meanwhile']);
    } finally {
      await dying.close();
      await quick.close();
    }
  });

  it('resumes in a tab that was frozen while its connection broke', async () => {
    const page = await open();
    const session = await context.newCDPSession(page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    line.cut();
    await emit('asleep');
    line.restore();
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    expect(await received(page, 1)).toEqual(['asleep']);
    expect(await page.evaluate(() => world.resets)).toEqual([]);
  });

  it('runs in a worker, and reconnects there too', async () => {
    const page = await context.newPage();
    await page.goto(pages.origin);
    await page.evaluate(
      ([url, token]) => {
        const script = `${document.scripts[0]!.textContent}
          globalThis.getToken = () => ${JSON.stringify(token)};
          begin(${JSON.stringify(url)});
          world.client.on('state', ({ state }) => postMessage(state));
          world.client.channel('apps:created').on('state', ({ state }) => postMessage(state));
          world.client.channel('apps:created').on('event', ({ data }) => postMessage(data.name));`;
        globalThis.workerMessages = [];
        const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), {
          type: 'module',
        });
        worker.onmessage = ({ data }) => void workerMessages.push(data as string);
      },
      [`ws://127.0.0.1:${line.port}/ws`, signToken({ sub: 'worker' })] as const,
    );
    const reports = (text: string) => page.waitForFunction((wanted) => workerMessages.includes(wanted), text);
    await reports('subscribed');
    await emit('before');
    await reports('before');
    line.cut();
    await reports('waiting');
    await emit('meanwhile');
    line.restore();
    await reports('meanwhile');
    const names = (await page.evaluate(() => workerMessages)).filter(
      (text) => text === 'before' || text === 'meanwhile',
    );
    expect(names).toEqual(['before', 'meanwhile']);
  });

  it('does not keep its page out of the back/forward cache, and resumes when the page is restored', async () => {
    const page = await open();
    await emit('before');
    await received(page, 1);
    const gone = app.gone('viewer');
    await page.goto(`${pages.origin}/elsewhere`);
    await gone;
    await emit('meanwhile');
    await page.goBack({ waitUntil: 'commit' });
    await emit('after');
    expect(await received(page, 3)).toEqual(['before', 'meanwhile', 'after']);
    expect(await page.evaluate(() => [world.isRestored, world.resets])).toEqual([true, []]);
    expect(await page.evaluate(() => world.changes.map(({ state }) => state))).toEqual([
      'connecting',
      'connected',
      'paused',
      'connecting',
      'connected',
    ]);
  });

  it('checks its connection at once when the browser goes offline and online', async () => {
    const page = await open();
    line.cut();
    await inState(page, 'waiting');
    await context.setOffline(true);
    await inState(page, 'paused');
    line.restore();
    await context.setOffline(false);
    await inState(page, 'connected');
    expect(await page.evaluate(() => world.changes.map(({ code }) => code))).toEqual(
      expect.arrayContaining(['lost', 'offline', 'online']),
    );
  });

  describeDevtools(
    () => browser,
    () => app,
  );
});
