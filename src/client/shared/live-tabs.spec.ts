import { FakeRealtimeServer } from '../../testing/index.js';
import { createRealtimeClient, type RealtimeClient } from '../index.js';
import { live } from '../live/index.js';
import { FakeBrowser } from '../../../test/support/fake-browser.js';
import { shareIn } from './shared-web-socket.js';

const COUNTS = 'shop:counts';

describe('a live resource in tabs that share a connection', () => {
  let server: FakeRealtimeServer;
  let browser: FakeBrowser;
  let clients: RealtimeClient[];

  beforeEach(() => {
    server = new FakeRealtimeServer();
    browser = new FakeBrowser();
    clients = [];
    server.states.set(COUNTS, { a: 0 });
  });
  afterEach(() => {
    for (const client of clients) client.close();
  });

  function tab() {
    const WebSocket = shareIn(browser.world(server), 'test');
    const client = createRealtimeClient({ url: 'ws://fake/ws', token: 'ada', WebSocket, minDelayMs: 1 });
    clients.push(client);
    const errors: string[] = [];
    client.on('error', ({ code }) => void errors.push(code));
    return { client, errors };
  }
  function liveTab() {
    const { client, errors } = tab();
    const counts = live<string>(client, COUNTS);
    const seen: string[] = [];
    counts.subscribe(() => {
      const { status, data } = counts.getSnapshot();
      const shown = `${status} ${JSON.stringify(data)}`;
      if (seen.at(-1) !== shown) seen.push(shown);
    });
    /** Waits until the tab has shown this. */
    const shows = (shown: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (seen.includes(shown)) resolve();
        };
        counts.subscribe(look);
        look();
      });
    return { client, counts, seen, shows, errors };
  }
  /** A tab that uses the channel as any other. */
  function plainTab() {
    const { client } = tab();
    const received: unknown[] = [];
    const channel = client.channel<string>(COUNTS);
    channel.on('event', ({ data }) => void received.push(data));
    channel.on('reset', () => void received.push('reset'));
    channel.subscribe();
    return { client, received };
  }
  const settle = async (): Promise<void> => {
    for (let step = 0; step < 100; step += 1) await Promise.resolve();
  };
  const count = (a: number): void => server.states.patch(COUNTS, { set: { '/a': a } });

  it('has one subscription, and a tab that joins later gets the state', async () => {
    const one = liveTab();
    await settle();
    count(1);
    await settle();
    const other = liveTab();
    await settle();
    count(2);
    await settle();
    expect(one.seen).toEqual(['live {"a":0}', 'live {"a":1}', 'live {"a":2}']);
    expect(other.seen).toEqual(['live {"a":1}', 'live {"a":2}']);
    expect([server.open.length, server.open.at(0)?.stateChannels.size]).toEqual([1, 1]);
  });

  it('sends tabs that join together one state each', async () => {
    const tabs = [liveTab(), liveTab(), liveTab()];
    await settle();
    count(1);
    await settle();
    for (const { seen, errors } of tabs) expect([seen, errors]).toEqual([['live {"a":0}', 'live {"a":1}'], []]);
  });

  it('receives a large state in parts, also in a tab that joins later', async () => {
    const text = 'x'.repeat(200_000);
    server.states.set(COUNTS, { text });
    const tabs = [liveTab()];
    await settle();
    tabs.push(liveTab());
    await settle();
    expect(tabs.map(({ counts }) => counts.getSnapshot().data)).toEqual([{ text }, { text }]);
    expect(tabs.flatMap(({ errors }) => errors)).toEqual([]);
  });

  it('resumes in every tab when another tab leads', async () => {
    const [one, two, three] = [liveTab(), liveTab(), liveTab()];
    await settle();
    one.client.close();
    count(1);
    await Promise.all([two, three].map(({ shows }) => shows('live {"a":1}')));
    count(2);
    await settle();
    for (const { seen } of [two, three]) {
      expect(seen).toEqual(['live {"a":0}', 'stale {"a":0}', 'live {"a":0}', 'live {"a":1}', 'live {"a":2}']);
    }
    const requests = server.connections.at(-1)!.received.filter(({ type }) => type === 'subscribe');
    for (const request of requests) {
      expect(request).toMatchObject({ targets: [{ channel: COUNTS, state: true, lastEventId: expect.any(String) }] });
    }
  });

  it('gets the state in every tab after a lost history', async () => {
    const tabs = [liveTab(), liveTab()];
    await settle();
    server.cut();
    server.forget(COUNTS);
    server.states.set(COUNTS, { a: 5 });
    await Promise.all(tabs.map(({ shows }) => shows('live {"a":5}')));
    count(6);
    await settle();
    for (const { seen } of tabs) expect(seen.slice(-2)).toEqual(['live {"a":5}', 'live {"a":6}']);
  });

  it('replaces the state in every tab when the server sends it again', async () => {
    const tabs = [liveTab(), liveTab()];
    await settle();
    server.forget(COUNTS);
    server.states.reload(COUNTS);
    count(3);
    await settle();
    for (const { seen } of tabs) expect(seen.at(-1)).toBe('live {"a":3}');
  });

  it('shows in every tab that the server cannot load the state', async () => {
    const one = liveTab();
    await settle();
    server.states.fail(COUNTS);
    const other = liveTab();
    await settle();
    count(7);
    await settle();
    expect([one.seen.at(-1), other.seen.at(-1)]).toEqual(['stale {"a":0}', 'loading undefined']);
    server.states.set(COUNTS, { a: 1 });
    await settle();
    count(2);
    await settle();
    for (const { seen } of [one, other]) expect(seen.slice(-2)).toEqual(['live {"a":1}', 'live {"a":2}']);
  });

  it('leaves out no event for tabs without the state', async () => {
    const plain = plainTab();
    await settle();
    count(1);
    await settle();
    const one = liveTab();
    await settle();
    count(2);
    await settle();
    expect(plain.received).toEqual([{ set: { '/a': 1 } }, { set: { '/a': 2 } }]);
    expect(one.seen).toEqual(['live {"a":1}', 'live {"a":2}']);
    server.forget(COUNTS);
    server.states.reload(COUNTS);
    count(3);
    await settle();
    expect(plain.received.slice(2)).toEqual(['reset', { set: { '/a': 3 } }]);
    expect(one.seen.at(-1)).toBe('live {"a":3}');
  });

  it('keeps the state of the others when a tab leaves while it waits for it', async () => {
    const one = liveTab();
    await settle();
    const other = liveTab();
    for (let step = 0; step < 12; step += 1) {
      await Promise.resolve();
      if (step === 8) other.counts.close();
    }
    await settle();
    count(1);
    await settle();
    expect(one.seen.at(-1)).toBe('live {"a":1}');
  });

  it('unsubscribes when the last tab closes its use', async () => {
    const [one, other] = [liveTab(), liveTab()];
    await settle();
    one.counts.close();
    await settle();
    expect(server.open.at(0)?.subscriptions.size).toBe(1);
    other.counts.close();
    await settle();
    expect(server.open.at(0)?.subscriptions.size).toBe(0);
  });
});
