import { allowDirectWrites } from '../../src/realtime/connections/web-socket-transport.js';
import { webSocketOf } from '../support/web-socket-of.js';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';

const CHANNEL = 'apps:created';

/**
 * Shared frames are written directly to the socket, or through `ws` if that is not possible. Clients must not notice
 * the difference.
 */
describe.each(['the fast path', 'the fallback'] as const)('the order of what one connection is sent, by %s', (path) => {
  let app: RealtimeApp;
  let client: WsClient;

  beforeAll(async () => void (app = await RealtimeApp.start()));
  afterAll(async () => {
    allowDirectWrites(true);
    await app.close();
  });
  beforeEach(async () => {
    allowDirectWrites(path === 'the fast path');
    client = await app.connectAs({ sub: 'reader' });
    await client.ask({ type: 'subscribe', channel: CHANNEL });
    await client.ask({ type: 'subscribe', channel: 'user:reader' });
    client.frames.length = 0;
  });
  afterEach(() => client.terminate());

  const connection = () => [...app.registry.ofUser('reader')][0]!;
  /** One word per received frame. */
  const seen = (): string[] =>
    client.frames.map((frame) => {
      if (frame.type === 'event') return String((frame.data as { n: unknown }).n);
      return 'ref' in frame && typeof frame.ref === 'string' ? frame.ref : frame.type;
    });

  it('is tested on the intended path', () => {
    expect(connection().transport.frameWriter !== null).toBe(path === 'the fast path');
  });

  it('is that of the events of a channel, with any mix of frames in one turn', async () => {
    const expected: string[] = [];
    for (let n = 0; n < 200; n += 1) {
      void app.events.publish(CHANNEL, { n, padding: 'x'.repeat(n * 10) });
      expected.push(String(n));
      if (n % 7 === 0) await new Promise(setImmediate);
    }
    await client.next('event', ({ data }) => (data as { n: number }).n === 199);
    expect(seen()).toEqual(expected);
  });

  it('puts the reply to a repeated subscribe, with its position, after the events up to that position', async () => {
    const socket = webSocketOf(connection());
    void app.events.publish(CHANNEL, { n: 'news' });
    socket.emit('message', Buffer.from(JSON.stringify({ type: 'subscribe', channel: CHANNEL, ref: 'again' })), false);
    await client.next('subscribed');
    expect(seen()).toEqual(['news', 'again']);
    const [news, again] = client.frames as { id?: string; lastEventId?: string }[];
    expect(again!.lastEventId).toBe(news!.id);
    expect(news!.id).toBeDefined();
  });

  it('puts each reply after the frames that were sent before it', async () => {
    for (let n = 0; n < 50; n += 1) {
      await app.events.publish(CHANNEL, { n: `before ${n}` });
      await app.events.publish('user:reader', { n: `own ${n}` });
      await new Promise(setImmediate);
      connection().send({ type: 'pong' }, `answer ${n}`);
    }
    await client.ask({ type: 'ping' });
    const round = (n: number): string[] => [`before ${n}`, `own ${n}`, `answer ${n}`];
    expect(seen().slice(0, 150)).toEqual(Array.from({ length: 50 }, (_, n) => round(n)).flat());
  });

  it('puts a close after everything, and nothing after a close', async () => {
    for (let n = 0; n < 100; n += 1) void app.events.publish(CHANNEL, { n });
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    connection().close('restarting');
    void app.events.publish(CHANNEL, { n: 'too late' });
    expect((await client.whenClosed()).code).toBe(1012);
    expect(seen()).toEqual(Array.from({ length: 100 }, (_, n) => String(n)));
  });

  it('puts a replay before live events', async () => {
    const { id } = await app.events.publish(CHANNEL, { n: 'seen' });
    for (let n = 0; n < 40; n += 1) void app.events.publish(CHANNEL, { n });
    const back = await app.connectAs({ sub: 'returns' });
    back.frames.length = 0;
    back.send({ type: 'subscribe', channel: CHANNEL, lastEventId: id });
    await back.next('subscribed');
    for (let n = 40; n < 60; n += 1) void app.events.publish(CHANNEL, { n });
    await back.next('event', ({ data }) => (data as { n: number }).n === 59);
    const numbers = back.frames.flatMap((frame) => (frame.type === 'event' ? [(frame.data as { n: number }).n] : []));
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, n) => n));
    back.terminate();
  });

  it('holds in a turn in which ws buffers something', async () => {
    const socket = webSocketOf(connection());
    socket.send('{"type":"half', { fin: false });
    for (let n = 0; n < 3; n += 1) void app.events.publish(CHANNEL, { n });
    expect(connection().transport.frameWriter).toBeNull();
    socket.send('","timestamp":"x"}');
    await new Promise(setImmediate);
    await client.next('event', ({ data }) => (data as { n: number }).n === 2);
    expect(seen().map((word) => word.replace(/^half$/, 'message'))).toEqual(['message', '0', '1', '2']);
  });
});
