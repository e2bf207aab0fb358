import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { RealtimeClient, StateChange } from '../../src/client/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { launchChromium } from '../support/chromium.js';
import { signToken } from '../support/jwt.js';
import { ServedPage } from './support/served-page.js';

/** Variables of a tab. */
interface Tab {
  client: RealtimeClient;
  received: string[];
  resets: string[];
  changes: StateChange[];
  /** Number of times that the channel resumed. */
  resumed: number;
  /** True once the page was restored from the back/forward cache. */
  isRestored: boolean;
}

declare global {
  var tab: Tab;
  var join: (url: string, token: string) => void;
}

const SCRIPT = `
import { createRealtimeClient } from './src/client/index.ts';
import { sharedWebSocket } from './src/client/shared/index.ts';
globalThis.join = (url, token) => {
  const client = createRealtimeClient({ url, token, WebSocket: sharedWebSocket({ name: 'user 42' }) });
  const tab = (globalThis.tab = { client, received: [], resets: [], changes: [], resumed: 0, isRestored: false });
  addEventListener('pageshow', ({ persisted }) => (tab.isRestored = persisted));
  const channel = client.channel('apps:created');
  client.on('state', (change) => tab.changes.push(change));
  channel.on('event', ({ data }) => void tab.received.push(data.name));
  channel.on('reset', ({ reason }) => void tab.resets.push(reason));
  channel.on('state', ({ recovered }) => recovered && (tab.resumed += 1));
  channel.subscribe();
};`;

describe('tabs that share one connection, in Chromium', () => {
  let browser: Browser;
  let context: BrowserContext;
  let app: RealtimeApp;
  let served: ServedPage;
  let token: string;

  beforeAll(async () => {
    [served, browser, app] = await Promise.all([
      ServedPage.serve(SCRIPT),
      launchChromium({ backForwardCache: true }),
      RealtimeApp.start({ history: { size: 10_000, ttlMs: 60_000 } }),
    ]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    served?.close();
  });
  beforeEach(async () => {
    token = signToken({ sub: '42' });
    context = await browser.newContext();
    context.setDefaultTimeout(60_000);
  });
  afterEach(() => context.close());

  async function open(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(served.origin);
    await page.evaluate(([url, theirs]) => globalThis.join(url, theirs), [app.url, token] as const);
    await subscribed(page);
    return page;
  }
  const subscribed = (page: Page) =>
    page.waitForFunction(() => globalThis.tab.client.channel('apps:created').state === 'subscribed');
  const connections = () => [...app.registry.ofUser('42')];

  /** Emits numbered events from now on; `stop` resolves with their number. */
  function emitting(): { stop: () => Promise<number> } {
    let isOver = false;
    const all = (async () => {
      let number = 0;
      while (!isOver) {
        number += 1;
        await app.events.emit('apps:created', { id: `${number}`, name: `${number}` });
        await delay(5);
      }
      return number;
    })();
    return {
      stop: () => {
        isOver = true;
        return all;
      },
    };
  }
  /** Checks that each tab received each event once and in order. */
  async function expectAll(pages: readonly Page[], count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, index) => String(index + 1));
    for (const page of pages) {
      await page.waitForFunction((last) => globalThis.tab.received.at(-1) === last, String(count));
      expect(await page.evaluate(() => [globalThis.tab.received, globalThis.tab.resets])).toEqual([numbers, []]);
    }
  }

  const crash = async (page: Page): Promise<void> => {
    const session = await context.newCDPSession(page);
    const crashed = page.waitForEvent('crash');
    session.send('Page.crash').catch(() => undefined); // it crashes before it answers
    await crashed;
  };
  const openAll = async (count: number): Promise<Page[]> => {
    const pages: Page[] = [];
    for (let index = 0; index < count; index += 1) pages.push(await open());
    expect(connections()).toHaveLength(1);
    return pages;
  };

  it.each([
    [2, 'is closed', (leader: Page) => leader.close()],
    [5, 'is closed', (leader: Page) => leader.close()],
    [5, 'crashes', crash],
  ])(
    '%d tabs share one socket, and another tab leads at once when the leader %s: each event arrives once',
    async (count, _, end) => {
      const [leader, ...others] = await openAll(count);
      const gone = app.gone('42');
      const stream = emitting();
      await leader!.waitForFunction(() => globalThis.tab.received.length > 20);
      await end(leader!);
      await gone;
      await Promise.all(others.map((page) => page.waitForFunction(() => globalThis.tab.resumed > 0)));
      await expectAll(others, await stream.stop());
      expect(connections()).toHaveLength(1);
      for (const page of others) {
        const [, , lost] = await page.evaluate(() => globalThis.tab.changes);
        // At once: without a leader a client would wait a random time, and without an answer at least 3 s.
        expect(lost).toMatchObject({ code: 'lost', reason: 'another tab leads now', retryInMs: 0 });
      }
    },
    90_000,
  );

  it('the leader can enter the back/forward cache, and is a follower when it is restored', async () => {
    const pages = await openAll(2);
    const [leader, other] = pages;
    const stream = emitting();
    await leader!.goto(`${served.origin}/elsewhere`);
    await other!.waitForFunction(() => globalThis.tab.resumed > 0);
    await leader!.goBack({ waitUntil: 'commit' });
    await leader!.waitForFunction(() => globalThis.tab.resumed > 0);
    await expectAll(pages, await stream.stop());
    expect(await leader!.evaluate(() => globalThis.tab.isRestored)).toBe(true);
    expect(connections()).toHaveLength(1);
  }, 90_000);

  it('the others continue when a follower crashes, and the socket closes with the last tab', async () => {
    const pages = await openAll(3);
    const [connection] = connections();
    await crash(pages[1]!);
    const stream = emitting();
    await pages[2]!.waitForFunction(() => globalThis.tab.received.length > 20);
    await expectAll([pages[0]!, pages[2]!], await stream.stop());
    expect(connections()).toEqual([connection]);
    await pages[2]!.close();
    expect(connections()).toEqual([connection]);
    const gone = app.gone('42');
    await pages[0]!.close();
    await gone;
    expect(connections()).toEqual([]);
  }, 90_000);
});
