import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { Line } from '../browser/support/line.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import type { Harness, Props } from './pages/harness.js';

/** The page, with React 19 or with React 18 in its place. */
async function bundle(alias: Record<string, string>): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['test/react/pages/harness.tsx'],
    bundle: true,
    write: false,
    format: 'iife',
    jsx: 'automatic',
    alias,
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  return outputFiles[0]!.text;
}

const REACT_18 = { react: 'react18', 'react-dom': 'react-dom18' };

describe.each([
  ['19', {}],
  ['18', REACT_18],
])('the hooks in Chromium, with React %s, in StrictMode', (_version, alias) => {
  let browser: Browser;
  let app: RealtimeApp;
  let line: Line;
  let script: string;
  let page: Page;
  let complaints: string[];
  /** Every frame that the page sent. */
  let sent: { type: string; channels?: unknown[] }[];
  let sockets: number;

  beforeAll(async () => {
    [script, browser, app] = await Promise.all([
      bundle(alias),
      launchChromium(),
      RealtimeApp.start({
        origins: ['null'], // the page comes from nowhere
        history: { size: 5, ttlMs: 60_000 },
        presenceGraceMs: 0,
        channels: [
          { name: 'rooms:lobby', access: 'authenticated', presence: true },
          { name: 'rooms:busy', access: 'authenticated' },
        ],
      }),
    ]);
    line = await Line.open(app.port);
  });
  afterAll(async () => {
    await browser?.close();
    await line?.close();
    await app?.close();
  });
  beforeEach(async () => {
    complaints = [];
    sent = [];
    sockets = 0;
    page = await browser.newPage();
    page.setDefaultTimeout(10_000);
    page.on('console', (message) => {
      const isNoise = /React DevTools|ERR_|WebSocket connection/.test(message.text());
      if (!isNoise) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('websocket', (socket) => {
      sockets += 1;
      socket.on('framesent', ({ payload }) => sent.push(JSON.parse(String(payload)) as (typeof sent)[number]));
    });
    await page.setContent('<!doctype html><title>hooks</title><body></body>');
    await page.addScriptTag({ content: script });
    await page.evaluate(([url, token]) => harness.connectTo(url, token), [
      `ws://127.0.0.1:${line.port}/ws`,
      signToken({ sub: 'reactor' }),
    ] as const);
  });
  afterEach(async () => {
    await page.close();
    if (complaints.length > 0) throw new Error(`The console says:\n${complaints.join('\n')}`);
  });

  const show = (scenario: Parameters<Harness['show']>[0], props: Props = {}): Promise<void> =>
    page.evaluate(([name, given]) => harness.show(name, given), [scenario, props] as const);
  const expectText = (selector: string, text: string): Promise<unknown> =>
    page.waitForFunction(([at, expected]) => document.querySelector(at)?.textContent === expected, [
      selector,
      text,
    ] as const);
  const expectItems = (selector: string, texts: readonly string[]): Promise<unknown> =>
    page.waitForFunction(
      ([at, expected]) =>
        JSON.stringify(Array.from(document.querySelectorAll(at), (item) => item.textContent)) ===
        JSON.stringify(expected),
      [selector, texts] as const,
    );
  const logged = (entry: string): Promise<unknown> =>
    page.waitForFunction((expected) => harness.log.includes(expected), entry);
  const log = (): Promise<readonly string[]> => page.evaluate(() => harness.log);
  const loads = (): Promise<number> => page.evaluate(() => harness.loads);
  const framesOf = (type: string) => sent.filter((frame) => frame.type === type);
  const subscribers = (channel: string): number =>
    [...app.registry.all()].filter(({ subscriptions }) => subscriptions.has(channel)).length;

  it('useChannel: a list and a callback that are new at each render make one subscription, and the last one is called', async () => {
    const channels = ['announcements', 'apps:created'];
    await show('Callback', { channels, tick: 0 });
    await expectText('h2', '0 subscribed');
    for (let tick = 1; tick <= 30; tick += 1) await show('Callback', { channels, tick });
    await expectText('h2', '30 subscribed');
    await app.events.emit('apps:created', { id: '1', name: 'one' });
    await logged('30 apps:created {"id":"1","name":"one"}');
    await app.events.emit('announcements', { message: 'the end' });
    await logged('30 announcements {"message":"the end"}');
    expect(await log()).toHaveLength(2);
    expect(sockets).toBe(1);
    expect(sent.map(({ type }) => type)).toEqual(['auth', 'subscribe']);
    expect(framesOf('subscribe')[0]!.channels).toHaveLength(2);
  });

  it('useChannel: other channels make other subscriptions, and those that stay are left alone', async () => {
    await show('Callback', { channels: ['announcements', 'apps:created'], tick: 1 });
    await expectText('h2', '1 subscribed');
    await show('Callback', { channels: ['announcements', 'apps:deleted'], tick: 2 });
    await expectText('h2', '2 subscribed');
    await untilSubscribed('apps:deleted'); // the heading tells of the other one
    await app.events.emit('apps:created', { id: '1', name: 'no longer' });
    await app.events.emit('apps:deleted', { id: '2' });
    await logged('2 apps:deleted {"id":"2"}');
    expect(await log()).toEqual(['2 apps:deleted {"id":"2"}']);
    expect(framesOf('unsubscribe').map(({ channels }) => channels)).toEqual([['apps:created']]);

    await show('Callback', { channels: ['announcements', 'apps:deleted'], tick: 3, enabled: false });
    await expectText('h2', '3 unsubscribed');
    expect(framesOf('unsubscribe')).toHaveLength(2);
  });

  it('useChannel: events that wait for the listener are not lost where other channels come and go', async () => {
    await show('Callback', { channels: ['announcements', 'apps:created'], tick: 1 });
    await expectText('h2', '1 subscribed');
    await untilSubscribed('apps:created');
    await page.evaluate(() => harness.holdAnswers());
    for (const name of ['one', 'two', 'three']) await app.events.emit('apps:created', { id: '1', name });
    await page.waitForFunction(() => harness.heard === 3);
    await show('Callback', { channels: ['announcements', 'apps:created', 'apps:deleted'], tick: 2 });
    await expectText('h2', '2 subscribed');
    await untilSubscribed('apps:deleted');
    await page.evaluate(() => harness.release());
    await logged('2 apps:created {"id":"1","name":"three"}');
    expect((await log()).map((entry) => entry.split('"name":')[1])).toEqual(['"one"}', '"two"}', '"three"}']);
  });

  it('useChannel: nothing is left behind by a component that went, nor by a client that was closed before it', async () => {
    await show('Callback', { channels: ['apps:created'], tick: 1 });
    await expectText('h2', '1 subscribed');
    expect(subscribers('apps:created')).toBe(1);
    await show('nothing');
    await page.waitForFunction(() => document.querySelector('h2') === null);
    await show('Callback', { channels: ['announcements'], tick: 2 });
    await expectText('h2', '2 subscribed');
    expect(subscribers('apps:created')).toBe(0);

    await page.evaluate(() => harness.close());
    await show('nothing');
    await expectText('h1', 'idle');
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(await page.evaluate(() => harness.state)).toBe('idle');
    expect(sockets).toBe(1);
  });

  it('useConnectionState: a line that breaks is shown, and so is the return', async () => {
    await show('Callback', { channels: ['apps:created'], tick: 1 });
    await expectText('h1', 'connected');
    await expectText('h2', '1 subscribed');
    line.cut();
    await page.waitForFunction(() => ['waiting', 'connecting'].includes(document.querySelector('h1')!.textContent));
    await app.events.emit('apps:created', { id: '3', name: 'meanwhile' });
    line.mend();
    await expectText('h1', 'connected');
    await logged('1 apps:created {"id":"3","name":"meanwhile"}');
    expect(await log()).toHaveLength(1);
  });

  it('useEvents: the last ones, oldest first, and those of channels that stay', async () => {
    await show('Events', { channels: ['apps:created', 'apps:updated'], limit: 3 });
    await expectText('h1', 'connected');
    await page.waitForFunction(() => harness.renders > 0);
    await untilSubscribed('apps:updated');
    for (const id of ['1', '2', '3', '4']) await app.events.emit('apps:created', { id, name: `app ${id}` });
    await app.events.emit('apps:updated', { id: '2', name: 'app 2b' });
    await expectItems('ol li', ['app 3', 'app 4', 'app 2b']);
    await show('Events', { channels: ['apps:updated'], limit: 3 });
    await expectItems('ol li', ['app 2b']);
  });

  it('useEvents: a page stays usable under 10,000 events in a second', async () => {
    await page.evaluate(() => {
      globalThis.longTasks = [];
      new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) globalThis.longTasks.push({ startTime, duration });
      }).observe({ type: 'longtask' });
    });
    await show('Events', { channels: ['rooms:busy'], limit: 100 });
    await untilSubscribed('rooms:busy');
    const rendersBefore = await page.evaluate(() => harness.renders);
    const began = performance.now();
    for (let batch = 0; batch < 100; batch += 1) {
      await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          app.events.publish('rooms:busy', { id: `${batch}-${index}`, name: `event ${batch * 100 + index + 1}` }),
        ),
      );
    }
    await page.waitForFunction(() => document.querySelector('ol li:last-child')?.textContent === 'event 10000');
    const seenMs = performance.now() - began;
    const { renders, handled } = await page.evaluate(() => ({
      renders: harness.renders,
      handled: globalThis.longTasks.map(
        ({ startTime, duration }) => harness.busyAt.filter((at) => at >= startTime && at < startTime + duration).length,
      ),
    }));
    expect(await page.locator('ol li').count()).toBe(100);
    // StrictMode renders twice. Without a pause between renders there would be one for each event.
    expect(renders - rendersBefore).toBeLessThan(2 * (seenMs / 16 + 10));
    // Counted, and not timed: a task may be long because the machine is busy, but then it has handled little.
    expect(Math.max(0, ...handled)).toBeLessThan(1_000);
  });

  it('usePresence: who is here, as they come and go', async () => {
    await show('Presence');
    await expectText('h2', 'reactor');
    const ada = await app.connectAs({ sub: 'ada' });
    ada.send({ type: 'subscribe', channel: 'rooms:lobby' });
    await expectText('h2', 'ada reactor');
    await ada.close();
    await expectText('h2', 'reactor');
    await show('nothing');
    await page.waitForFunction(() => document.querySelector('h2') === null);
  });

  it('useRealtimeInvalidation: loads again after events, once for a burst, once where events are missing, else not', async () => {
    await show('Invalidated');
    await untilSubscribed('apps:deleted');
    await page.waitForFunction(() => harness.loads > 0);
    const before = await loadsInPeace();

    await page.evaluate(() => harness.store({ id: '1', name: 'one' }));
    await app.events.emit('apps:created', { id: '1', name: 'one' });
    await expectItems('ul li', ['one']);
    expect(await loadsInPeace()).toBe(before + 1);

    line.cut();
    await page.waitForFunction(() => document.querySelector('h1')!.textContent !== 'connected');
    line.mend();
    await expectText('h1', 'connected');
    await untilSubscribed('apps:deleted');
    expect(await loadsInPeace()).toBe(before + 1); // recovered, and nothing was missed

    line.cut();
    await page.waitForFunction(() => document.querySelector('h1')!.textContent !== 'connected');
    await page.evaluate(() => harness.store({ id: '2', name: 'two' }));
    await missed('apps:created', 'apps:updated', 'apps:deleted');
    line.mend();
    await expectItems('ul li', ['one', 'two']);
    expect(await loadsInPeace()).toBe(before + 2); // one for all three channels
  });

  it('useRealtimePatch: changes what is shown without loading it, also where it was just being loaded', async () => {
    await show('Patched');
    await untilSubscribed('apps:created');
    const before = await loadsInPeace();
    await app.events.emit('apps:created', { id: '1', name: 'one' });
    await expectItems('ul li', ['one']);
    expect(await loadsInPeace()).toBe(before);

    line.cut();
    await page.waitForFunction(() => document.querySelector('h1')!.textContent !== 'connected');
    await app.events.emit('apps:created', { id: '2', name: 'two' });
    line.mend();
    await expectItems('ul li', ['one', 'two']);
    expect(await loadsInPeace()).toBe(before); // recovered: what was missed came as events

    // A load that has read before the event, and answers after it.
    await page.evaluate(() => harness.holdAnswers());
    line.cut();
    await page.waitForFunction(() => document.querySelector('h1')!.textContent !== 'connected');
    await missed('apps:created');
    line.mend();
    await page.waitForFunction((count) => harness.loads > count, before);
    await page.evaluate(() => harness.store({ id: '3', name: 'three' }));
    await app.events.emit('apps:created', { id: '3', name: 'three' });
    await expectItems('ul li', ['one', 'two', 'three']);
    await page.evaluate(() => harness.release());
    await expectItems('ul li', ['three']);
    expect(await loadsInPeace()).toBe(before + 2); // one for what is missing, one for the event that came meanwhile
  });

  it('takes over what a server has rendered, without a word of complaint', async () => {
    const html = '<p title="not connected yet">idle, unsubscribed, 0 events, nobody, stranger</p>';
    await page.evaluate((text) => harness.hydrate(text), html);
    await expectText('main p', 'connected, subscribed, 0 events, 1, reactor');
  });

  /** More events than are kept for those who come back. */
  async function missed(...channels: string[]): Promise<void> {
    const events = channels.flatMap((channel) => Array<string>(80).fill(channel));
    await Promise.all(events.map((channel) => app.events.publish(channel, { id: '2', name: 'two' })));
  }

  async function untilSubscribed(channel: string): Promise<void> {
    const isThere = (): boolean => [...app.registry.ofUser('reactor')].some((one) => one.subscriptions.has(channel));
    while (!isThere()) await page.evaluate(() => new Promise(requestAnimationFrame));
  }

  /** How often the query was loaded, once nothing is loading nor about to be. */
  async function loadsInPeace(): Promise<number> {
    for (let last = -1; ;) {
      const now = await loads();
      if (now === last) return now;
      last = now;
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 150)));
    }
  }
});

declare global {
  var longTasks: { startTime: number; duration: number }[];
}
