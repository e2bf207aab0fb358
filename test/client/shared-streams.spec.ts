import { WebSocket } from 'ws';
import { createRealtimeClient, type RealtimeClient } from '../../src/client/index.js';
import { shareIn } from '../../src/client/shared/shared-web-socket.js';
import { sse } from '../../src/client/sse/index.js';
import { openStream, type RealtimeStream } from '../../src/client/streams/index.js';
import { RealtimeStreams } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { FakeBrowser } from '../support/fake-browser.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';

const PIECE = 'größe 世界 😀\n';

describe.each([
  ['a WebSocket', []],
  ['server-sent events', [sse()]],
] as const)('streams in tabs that share %s', (_, transports) => {
  let app: RealtimeApp;
  let browser: FakeBrowser;
  const clients: RealtimeClient[] = [];

  beforeAll(async () => {
    const channels = [
      { name: 'logs:{id}', access: 'authenticated' as const, stream: true },
      { name: 'rows:{id}', access: 'authenticated' as const, stream: { lines: true } },
    ];
    app = await RealtimeApp.start({ channels });
    browser = new FakeBrowser();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(() => app.close());

  /** Opens a tab that reads a stream. */
  function tab(channel: string): { readonly client: RealtimeClient; readonly stream: RealtimeStream } {
    const client = createRealtimeClient({
      ...{ url: app.url, token: signToken({ sub: 'ada' }), minDelayMs: 10 },
      WebSocket: shareIn(browser.world({ WebSocket }), channel),
      ...(transports.length > 0 && { transports: [...transports] }),
    });
    clients.push(client);
    return { client, stream: openStream(client, channel) };
  }
  const has = ({ stream }: { readonly stream: RealtimeStream }, length: number): Promise<void> =>
    until(() => stream.getSnapshot().text.length >= length);

  it('are the same text in each, of many frames of 64 KB, also for a tab that comes later and after the leader has left', async () => {
    const channel = `logs:${transports.length}`;
    const writer = await app.app.get(RealtimeStreams).open(channel);
    let text = '';
    const write = async (pieces: number): Promise<void> => {
      const added = PIECE.repeat(pieces);
      text += added;
      await writer.write(added);
    };
    await write(10_000);
    const [one, two] = [tab(channel), tab(channel)];
    await Promise.all([has(one, text.length), has(two, text.length)]);
    expect(app.registry.size).toBe(1);
    await write(5_000);
    const three = tab(channel);
    await write(5_000);
    await Promise.all([one, two, three].map((each) => has(each, text.length)));
    one.client.close();
    await write(5_000);
    await writer.end();
    for (const { stream } of [two, three]) {
      await until(() => stream.getSnapshot().state === 'done');
      const { text: received, gaps } = stream.getSnapshot();
      expect([received === text, received.length, gaps]).toEqual([true, text.length, []]);
    }
  });

  it('are the same values in each', async () => {
    const channel = `rows:${transports.length}`;
    const writer = await app.app.get(RealtimeStreams).open(channel);
    const values = Array.from({ length: 6_000 }, (_each, row) => ({ row, text: PIECE }));
    await writer.pipe(values.slice(0, 3_000));
    const one = tab(channel);
    await until(() => one.stream.getSnapshot().items.length === 3_000);
    const two = tab(channel);
    await writer.pipe(values.slice(3_000));
    await writer.end();
    for (const { stream } of [one, two]) {
      await until(() => stream.getSnapshot().state === 'done');
      const { items, gaps } = stream.getSnapshot();
      expect([JSON.stringify(items) === JSON.stringify(values), items.length, gaps]).toEqual([true, 6_000, []]);
    }
  });
});
