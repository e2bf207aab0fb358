import { jest } from '@jest/globals';
import type { RealtimeClient, Reset, StateChange } from '../../src/client/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { BlockingProxy } from '../support/blocking-proxy.js';
import { Firefox, type FirefoxPage } from '../support/firefox.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { Line } from './support/line.js';
import { ServedPage } from './support/served-page.js';

/** Variables of the page. */
interface Seen {
  client: RealtimeClient;
  received: string[];
  resets: Reset[];
  changes: StateChange[];
  /** Number of times that the channel resumed. */
  resumed: number;
  /** Number of times that the server confirmed the identity: once for each token, if no connection breaks. */
  identified: number;
  /** Time from the start until the first subscription, in milliseconds. */
  subscribedAfter: number;
}

/** Settings of the page, also after a reload. */
interface Start {
  readonly url: string;
  /** Tokens in the order in which they are used; the last one is used repeatedly. */
  readonly tokens: readonly string[];
  /** True if the tabs share a connection. */
  readonly isShared: boolean;
}

declare global {
  var seen: Seen;
  var start: (start: Start) => void;
}

const SCRIPT = `
import { createRealtimeClient } from './src/client/index.ts';
import { sharedWebSocket } from './src/client/shared/index.ts';
import { sse } from './src/client/sse/index.ts';
globalThis.start = (options) => {
  sessionStorage.options = JSON.stringify(options);
  const { url, tokens, isShared } = options;
  const getToken = () => (tokens.length > 1 ? tokens.shift() : tokens[0]);
  const WebSocket = isShared ? sharedWebSocket({ name: 'user 42' }) : undefined;
  const transports = ['websocket', sse({ retryWebSocketMs: 500 })];
  const startedAt = performance.now();
  const client = createRealtimeClient({ url, getToken, minDelayMs: 50, maxDelayMs: 500, WebSocket, transports });
  const seen = { client, received: [], resets: [], changes: [], resumed: 0, identified: 0, subscribedAfter: Infinity };
  globalThis.seen = seen;
  const channel = client.channel('apps:created');
  client.on('state', (change) => seen.changes.push(change));
  client.on('identity', () => (seen.identified += 1));
  channel.on('event', ({ data }) => void seen.received.push(data.name));
  channel.on('reset', (reset) => void seen.resets.push(reset));
  channel.on('state', ({ recovered }) => recovered && (seen.resumed += 1));
  channel.once('state', () => channel.once('state', () => (seen.subscribedAfter = performance.now() - startedAt)));
  channel.subscribe();
};
if (location.pathname === '/' && sessionStorage.options) start(JSON.parse(sessionStorage.options));`;

jest.setTimeout(90_000);

describe('the client in Firefox', () => {
  let firefox: Firefox;
  let app: RealtimeApp;
  let line: Line;
  let served: ServedPage;
  const pages: FirefoxPage[] = [];

  beforeAll(async () => {
    [firefox, app, served] = await Promise.all([Firefox.start(), RealtimeApp.start(), ServedPage.serve(SCRIPT)]);
    line = await Line.open(app.port);
  }, 120_000);
  afterAll(async () => {
    await firefox?.close();
    await line?.close();
    await app?.close();
    served?.close();
  });
  afterEach(async () => {
    line.restore();
    for (const page of pages.splice(0)) await page.close();
  });

  /** @param lifetimes of its successive tokens, in seconds; the last one repeats */
  async function open(
    sub: string,
    { port = line.port, lifetimes = [3600], isShared = false } = {},
  ): Promise<FirefoxPage> {
    const page = await firefox.open(served.origin);
    pages.push(page);
    const tokens = lifetimes.map((seconds) => signToken({ sub, exp: secondsFromNow(seconds) }));
    await page.evaluate((given) => globalThis.start(given), { url: `ws://127.0.0.1:${port}/ws`, tokens, isShared });
    await subscribed(page);
    return page;
  }
  const subscribed = (page: FirefoxPage) =>
    page.waitFor(() => globalThis.seen.client.channel('apps:created').state === 'subscribed');
  const emit = (name: string) => app.events.emit('apps:created', { id: name, name });
  const connectionsOf = (sub: string) => [...app.registry.ofUser(sub)];
  async function expectReceived(page: FirefoxPage, names: readonly string[]): Promise<void> {
    await page.waitFor((last) => globalThis.seen.received.at(-1) === last, names.at(-1));
    expect(await page.evaluate(() => [globalThis.seen.received, globalThis.seen.resets])).toEqual([names, []]);
  }

  it('reconnects after a network failure, and delivers each missed event once', async () => {
    const page = await open('viewer');
    await emit('before');
    await expectReceived(page, ['before']);
    line.cut();
    await page.waitFor(() => globalThis.seen.changes.some(({ code }) => code === 'lost'));
    await emit('meanwhile');
    line.restore();
    await subscribed(page);
    await emit('after');
    await expectReceived(page, ['before', 'meanwhile', 'after']);
  });

  it.each(['refuse', 'swallow'] as const)(
    'streams before a WebSocket times out if a proxy %ss them',
    async (treatment) => {
      const proxy = await BlockingProxy.start(app.port);
      try {
        proxy.set('webSocket', treatment);
        const page = await open('behind', { port: proxy.port });
        await emit('streamed');
        await expectReceived(page, ['streamed']);
        expect(await page.evaluate(() => globalThis.seen.client.change.transport)).toBe('sse');
        expect(await page.evaluate(() => globalThis.seen.subscribedAfter)).toBeLessThan(9_000);
        proxy.set('webSocket', 'pass');
        proxy.cut('webSocket'); // the silent one, which would be tried until its time limit
        await page.waitFor(() => globalThis.seen.client.transport === 'websocket');
        await emit('over a socket');
        await expectReceived(page, ['streamed', 'over a socket']);
      } finally {
        await proxy.close();
      }
    },
  );

  it('detects a dead connection within the heartbeat, without a close from the network', async () => {
    const quick = await RealtimeApp.start({ heartbeatIntervalMs: 1_000 });
    const dying = await Line.open(quick.port);
    try {
      const page = await open('viewer', { port: dying.port });
      await quick.events.emit('apps:created', { id: '1', name: 'before' });
      await expectReceived(page, ['before']);
      dying.die();
      await quick.events.emit('apps:created', { id: '2', name: 'meanwhile' });
      await page.waitFor(() => globalThis.seen.changes.some(({ code }) => code === 'silent'));
      dying.restore();
      await expectReceived(page, ['before', 'meanwhile']);
    } finally {
      await dying.close();
      await quick.close();
    }
  });

  it('renews its token before it expires, on the same connection', async () => {
    const page = await open('renewing', { lifetimes: [5, 3600] });
    const [connection] = connectionsOf('renewing');
    await page.waitFor(() => globalThis.seen.identified === 2);
    expect(connectionsOf('renewing')).toEqual([connection]);
    expect(await page.evaluate(() => globalThis.seen.changes.map(({ state }) => state))).toEqual([
      'connecting',
      'connected',
    ]);
  });

  it('closes its connection with the page, and reconnects after a reload or a step back in history', async () => {
    const page = await open('viewer');
    const leave = async (how: () => Promise<void>): Promise<void> => {
      const gone = app.gone('viewer');
      await how();
      await gone;
    };
    const isBack = () => until(() => connectionsOf('viewer').length === 1, 30_000);
    await leave(() => page.reload());
    await isBack();
    await leave(() => page.goto(`${served.origin}/elsewhere`));
    expect(connectionsOf('viewer')).toEqual([]);
    await page.goBack();
    await isBack();
    await subscribed(page);
    await emit('after');
    await expectReceived(page, ['after']);
  });

  it('reports a resync once after the server restarted without its history', async () => {
    let restarted = await RealtimeApp.start();
    const { port } = restarted;
    try {
      const page = await open('viewer', { port });
      await restarted.events.emit('apps:created', { id: '1', name: 'before' });
      await expectReceived(page, ['before']);
      await restarted.close();
      await page.waitFor(() => globalThis.seen.changes.filter(({ previous }) => previous === 'connected').length === 1);
      restarted = await RealtimeApp.start({}, { port });
      await page.waitFor(() => globalThis.seen.resets.length > 0);
      await subscribed(page);
      await restarted.events.emit('apps:created', { id: '2', name: 'after' });
      await page.waitFor(() => globalThis.seen.received.length === 2);
      expect(await page.evaluate(() => globalThis.seen.resets.map(({ reason }) => reason))).toEqual(['unknown_epoch']);
    } finally {
      await restarted.close();
    }
  });

  it.each([2, 5])(
    '%d tabs share one socket, and another tab leads when the leader is closed: each event arrives once',
    async (count) => {
      for (let tab = 0; tab < count; tab += 1) await open('42', { isShared: true });
      expect(connectionsOf('42')).toHaveLength(1);
      const [leader, ...others] = pages;
      await emit('before');
      for (const page of others) await expectReceived(page, ['before']);
      const gone = app.gone('42');
      await leader!.close();
      pages.shift();
      await gone;
      await emit('meanwhile');
      for (const page of others) await page.waitFor(() => globalThis.seen.resumed > 0);
      await emit('after');
      for (const page of others) await expectReceived(page, ['before', 'meanwhile', 'after']);
      expect(connectionsOf('42')).toHaveLength(1);
    },
  );
});
