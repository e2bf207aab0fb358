import { once } from 'node:events';
import { createRealtimeClient, subscribed } from '../../src/client/index.js';
import { sse } from '../../src/client/sse/index.js';
import type { EventFrame } from '../../src/protocol/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { EndingProxy } from './support/ending-proxy.js';
import { StreamSocket } from './support/stream-socket.js';

/** Number of streams that are cut, each some bytes later than the one before. */
const STREAMS = 40;

/** Positions in a cursor, by channel. */
function offsetsIn(cursor: string, channels: readonly string[]): Map<string, number> {
  const entries = channels.length === 1 ? [`${channels[0]}=${cursor}`] : cursor.split(',');
  return new Map(
    entries.map((entry) => {
      const [, channel, offset] = /^(.+)=\w+-(\d+)$/.exec(entry) ?? [];
      return [channel!, Number(offset)];
    }),
  );
}

describe('streams through a proxy that ends each response', () => {
  const token = signToken({ sub: 'ann' });
  let app: RealtimeApp;
  let proxy: EndingProxy;
  beforeAll(async () => {
    app = await RealtimeApp.start({ history: { size: 10_000, ttlMs: 60_000 } });
    proxy = await EndingProxy.start(app.http);
  });
  afterAll(async () => {
    await proxy.close();
    await app.close();
  });

  it.each([[['apps:created']], [['apps:created', 'apps:deleted']]] as const)(
    'continue at the cursor with the next event of %j, wherever they are cut',
    async (channels) => {
      let cursor = '';
      let repeated = 0;
      let latest = 0;
      const emitAll = (): void => {
        latest += 1;
        void app.events.emit('apps:deleted', { id: '1' });
        for (const name of ['first of two', String(latest)]) void app.events.emit('apps:created', { id: '1', name });
      };
      const highest = new Map<string, number>();
      for (let round = 0; round < STREAMS; round += 1) {
        proxy.ending = { bytes: 2_500 + 29 * round };
        const headers: Record<string, string> = cursor === '' ? {} : { 'last-event-id': cursor };
        const stream = await StreamSocket.open(proxy.origin, { token, channels: channels.join(','), headers });
        const expected = cursor === '' ? null : offsetsIn(cursor, channels);
        stream.on('message', (data: Buffer) => {
          const isLast = data.toString().includes(`"name":"${latest}"`);
          if (isLast || data.toString().includes('"subscribed"')) emitAll(); // until it is cut
        });
        await once(stream, 'close');
        const events = stream.reader.messages
          .map(({ data }) => JSON.parse(data) as EventFrame)
          .filter(({ type }) => type === 'event');
        for (const { channel, id } of events) {
          const offset = Number(/\d+$/.exec(id!)![0]);
          if (expected !== null) {
            expect([round, channel, offset]).toEqual([round, channel, (expected.get(channel) ?? 0) + 1]);
            expected.set(channel, offset);
          }
          if (offset <= (highest.get(channel) ?? 0)) repeated += 1;
          highest.set(channel, Math.max(offset, highest.get(channel) ?? 0));
        }
        cursor = stream.reader.lastEventId || cursor;
        const positions = offsetsIn(cursor, channels);
        // Only events after the last `id` come again.
        const settled = stream.text.slice(0, Math.max(0, stream.text.lastIndexOf(`id: ${cursor}\n\n`)));
        for (const [, offset, channel] of settled.matchAll(/"id":"\w+-(\d+)","channel":"([\w:]+)"/g)) {
          expect(Number(offset)).toBeLessThanOrEqual(positions.get(channel!)!);
        }
      }
      expect([...highest.keys()].sort()).toEqual(channels);
      for (const offset of highest.values()) expect(offset).toBeGreaterThan(STREAMS);
      expect(repeated).toBeGreaterThan(0); // some cuts were between an event and its id
    },
  );

  it('advance through a replay that is longer than each of them', async () => {
    proxy.ending = {};
    const first = await StreamSocket.open(app.http, { token, channels: 'apps:created' });
    await once(first, 'message');
    await until(() => first.reader.lastEventId !== '');
    let cursor = first.reader.lastEventId;
    first.close();
    const missed: string[] = [];
    for (let count = 0; count < 60; count += 1) {
      const { id } = await app.events.emit('apps:created', { id: '1', name: 'x'.repeat(2_000) });
      missed.push(id);
    }
    proxy.ending = { bytes: 40_000 };
    const received = new Set<string>();
    for (let streams = 0; received.size < missed.length; streams += 1) {
      expect(streams).toBeLessThan(8);
      const headers = { 'last-event-id': cursor };
      const stream = await StreamSocket.open(proxy.origin, { token, channels: 'apps:created', headers });
      stream.on('message', (data: Buffer) => {
        if (data.toString().includes(missed.at(-1)!)) stream.close();
      });
      await once(stream, 'close');
      for (const [, id] of stream.text.matchAll(/"type":"event","id":"([\w-]+)"/g)) received.add(id!);
      for (const [, last, named] of stream.text.matchAll(/"type":"event","id":"([\w-]+)"[^\n]+\n\nid: ([\w-]+)\n/g)) {
        expect(named).toBe(last);
      }
      cursor = stream.reader.lastEventId;
    }
    expect([...received]).toEqual(missed);
  });

  it('lose and repeat nothing for the client of the package', async () => {
    proxy.ending = { ms: 300 };
    const client = createRealtimeClient({
      ...{ url: `ws://127.0.0.1:${proxy.port}/ws`, token, transports: [sse()], minDelayMs: 10, maxDelayMs: 50 },
    });
    const channel = client.channel('apps:created');
    const received: string[] = [];
    const resets: string[] = [];
    channel.on('event', ({ data }) => void received.push(data.name));
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.subscribe();
    await subscribed(channel);
    const before = proxy.ended;
    const sent: string[] = [];
    const emitter = setInterval(() => {
      sent.push(String(sent.length));
      void app.events.emit('apps:created', { id: '1', name: sent.at(-1)! });
    }, 10);
    await until(() => proxy.ended >= before + 5);
    clearInterval(emitter);
    await until(() => received.length >= sent.length);
    proxy.ending = {};
    client.close();
    expect(received).toEqual(sent);
    expect(resets).toEqual([]);
  });
});
