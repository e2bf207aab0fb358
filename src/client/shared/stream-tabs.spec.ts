import { FakeRealtimeServer } from '../../testing/index.js';
import { FakeBrowser } from '../../../test/support/fake-browser.js';
import { createRealtimeClient, type RealtimeClient } from '../index.js';
import { openStream, type RealtimeStream } from '../streams/index.js';
import { shareIn } from './shared-web-socket.js';

const LOG = 'deployments:7:log';

describe('a stream in tabs that share a connection', () => {
  let server: FakeRealtimeServer;
  let browser: FakeBrowser;
  let clients: RealtimeClient[];

  beforeEach(() => {
    server = new FakeRealtimeServer({ streams: [LOG] });
    browser = new FakeBrowser();
    clients = [];
  });
  afterEach(() => {
    for (const client of clients) client.close();
  });

  async function tab() {
    const WebSocket = shareIn(browser.world(server), 'test');
    const client = createRealtimeClient({ url: 'ws://fake/ws', token: 'ada', WebSocket, minDelayMs: 1 });
    clients.push(client);
    const stream = openStream(client, LOG);
    await settle();
    return { client, stream, now: () => stream.getSnapshot() };
  }
  /** Waits until pending messages have arrived. */
  const settle = async (): Promise<void> => {
    for (let step = 0; step < 100; step += 1) await Promise.resolve();
  };
  const reached = (stream: RealtimeStream, text: string): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (stream.getSnapshot().text === text) resolve();
      };
      stream.subscribe(check);
      check();
    });
  const requests = () =>
    server.connections.flatMap(({ received }) =>
      received.flatMap((request) => (request.type === 'subscribe' ? request.targets : [])),
    );

  it('gives a new tab all of it, and the others nothing twice', async () => {
    const writer = server.openStream(LOG);
    writer.write('größe ');
    const one = await tab();
    writer.write('zwei ');
    await settle();
    const two = await tab();
    writer.write('drei');
    writer.end(3);
    await settle();
    const whole = { text: 'größe zwei drei', state: 'done', result: 3, gaps: [] };
    expect([one.now(), two.now()]).toMatchObject([whole, whole]);
    expect(server.open).toHaveLength(1);
    expect(requests().map(({ stream }) => stream)).toEqual([{}, {}]);
  });

  it('gives a new tab all values, and the others none twice', async () => {
    const writer = server.openStream(LOG, { lines: true });
    writer.write({ step: 1 });
    const one = await tab();
    writer.write({ step: 2 });
    const two = await tab();
    writer.write({ step: 3 });
    await settle();
    const items = [{ step: 1 }, { step: 2 }, { step: 3 }];
    expect([one.now().items, two.now().items]).toEqual([items, items]);
  });

  it('keeps the others subscribed when one of them closes the stream', async () => {
    const writer = server.openStream(LOG);
    const [one, two] = [await tab(), await tab()];
    one.stream.close();
    await settle();
    writer.write('more');
    await settle();
    expect(two.now().text).toBe('more');
    two.stream.close();
    await settle();
    expect([...server.open[0]!.subscriptions]).toEqual([]);
  });

  it('continues through the next leader, from the place that is furthest behind', async () => {
    const writer = server.openStream(LOG);
    const [one, two, three] = [await tab(), await tab(), await tab()];
    writer.write('one ');
    await settle();
    one.client.close();
    await settle();
    writer.write('two ');
    await settle();
    writer.write('three');
    for (const { stream, now } of [two, three]) {
      await reached(stream, 'one two three');
      expect(now().gaps).toEqual([]);
    }
    expect(requests().at(-1)?.stream).toMatchObject({ at: 4 });
  });

  it('reports another stream of the channel to every tab, also if a new tab learns of it first', async () => {
    const writer = server.openStream(LOG);
    const one = await tab();
    writer.write('old');
    await settle();
    // The tabs get nothing while it is paused, and the answer to the new tab names the other stream.
    server.pauseStream(LOG, true);
    server.forgetStream(LOG);
    server.openStream(LOG).write('new');
    const two = await tab();
    server.pauseStream(LOG, false);
    await settle();
    expect([one.now(), two.now()]).toMatchObject([
      { text: 'new', gaps: [] },
      { text: 'new', gaps: [] },
    ]);
  });

  it('cancels for one tab, and every tab sees it', async () => {
    const writer = server.openStream(LOG);
    const [one, two] = [await tab(), await tab()];
    await two.stream.cancel();
    await settle();
    expect([writer.signal.aborted, one.now().state, two.now().state]).toEqual([true, 'cancelled', 'cancelled']);
  });
});
