import { allowDirectWrites } from '../../src/realtime/connections/web-socket-transport.js';
import { until } from '../support/until.js';
import { RealtimeApp } from './support/realtime-app.js';

describe.each(['the fast path', 'the fallback'] as const)('a client that reads too slowly, by %s', (path) => {
  let app: RealtimeApp;

  beforeEach(async () => {
    allowDirectWrites(path === 'the fast path');
    app = await RealtimeApp.start({ maxBufferedBytes: 16_384, closeTimeoutMs: 1_000 });
  });
  afterEach(() => {
    allowDirectWrites(true);
    return app.close();
  });

  /** Emits until a slow connection is closed. The network buffers some megabytes before that. */
  async function emitUntilSlowConsumer(): Promise<number> {
    let count = 0;
    while (app.registry.stats().slowConsumersClosed === 0) {
      await app.events.emitToUser('slow', { count: (count += 1), padding: 'x'.repeat(60_000) });
      await new Promise(setImmediate);
      if (count > 2_000) throw new Error('No connection was closed after 120 MB');
    }
    return count;
  }

  it('is closed with 4501, after everything queued, in order', async () => {
    const slow = await app.connectAs({ sub: 'slow' });
    await slow.ask({ type: 'subscribe', channel: 'user:slow' });
    slow.socket.pause();
    const emitted = await emitUntilSlowConsumer();
    slow.socket.resume();
    expect(await slow.whenClosed()).toEqual({ code: 4501, reason: 'client reads too slowly' });
    const seen = slow.frames.flatMap((frame) =>
      frame.type === 'event' ? [(frame.data as { count: number }).count] : [],
    );
    expect(seen).toEqual(seen.map((_, index) => index + 1));
    expect(seen.length).toBeLessThan(emitted);
  });

  it('is cut off if it does not even read the close, and its state is removed', async () => {
    const slow = await app.connectAs({ sub: 'slow' });
    await slow.ask({ type: 'subscribe', channel: 'user:slow' });
    const gone = app.gone('slow');
    slow.socket.pause();
    await emitUntilSlowConsumer();
    await gone;
    expect(app.registry.stats()).toMatchObject({
      connections: 0,
      subscriptions: 0,
      channels: 0,
      slowConsumersClosed: 1,
    });
    slow.terminate();
  });

  it('does not affect others, and is counted', async () => {
    const [slow, quick] = [await app.connectAs({ sub: 'slow' }), await app.connectAdmin()];
    for (const client of [slow, quick]) await client.ask({ type: 'subscribe', channel: 'user:slow' });
    slow.socket.pause();
    const emitted = await emitUntilSlowConsumer();
    await quick.next('event', ({ data }) => (data as { count: number }).count === emitted);
    expect(quick.frames.filter(({ type }) => type === 'event')).toHaveLength(emitted);
    expect(await quick.ask({ type: 'stats' })).toMatchObject({ stats: { instance: { slowConsumersClosed: 1 } } });
    slow.terminate();
  });

  it('is also closed if it requests replies without reading them', async () => {
    const asks = await app.connectAs({ sub: 'asks' });
    const gone = app.gone('asks');
    asks.socket.pause();
    while (app.registry.stats().slowConsumersClosed === 0 && app.registry.size > 0) {
      asks.send({ type: 'list_channels' });
      await new Promise(setImmediate);
    }
    asks.terminate();
    await gone;
    expect(app.registry.size).toBe(0);
  });

  it('can reconnect and resume', async () => {
    const slow = await app.connectAs({ sub: 'slow' });
    const subscribed = await slow.ask({ type: 'subscribe', channel: 'user:slow' });
    slow.socket.pause();
    await emitUntilSlowConsumer();
    slow.socket.resume();
    await slow.whenClosed();
    const last = slow.frames.findLast((frame) => frame.type === 'event');
    const lastEventId = last?.id ?? ('lastEventId' in subscribed ? subscribed.lastEventId : '');
    const back = await app.connectAs({ sub: 'slow' });
    const answer = await back.ask({ type: 'subscribe', channel: 'user:slow', lastEventId });
    // It can have missed more than a replay contains: then it is notified, and never answered that nothing is missing.
    if ('recovered' in answer && answer.recovered === true) {
      const { count } = last!.data as { count: number };
      expect((await back.next('event')).data).toMatchObject({ count: count + 1 });
    } else {
      expect(answer).toMatchObject({ recovered: false, reason: expect.stringMatching(/^(expired|too_many)$/) });
    }
    await back.close();
  });
});

describe('many clients that read too slowly', () => {
  it('are closed before their total exceeds the limit, even if none exceeds its own, and the others stay', async () => {
    const most = 1_048_576;
    const app = await RealtimeApp.start({
      maxBufferedBytes: most,
      maxBufferedBytesTotal: most,
      closeTimeoutMs: 60_000,
    });
    const slow = await Promise.all(Array.from({ length: 3 }, () => app.connectAs({ sub: 'slow' })));
    const quick = await app.connectAdmin();
    for (const client of [...slow, quick]) await client.ask({ type: 'subscribe', channel: 'user:slow' });
    for (const client of slow) client.socket.pause();
    const held = (): number[] => [...app.registry.all()].map(({ sendBuffer }) => sendBuffer.bufferedBytes);
    const together = (): number => held().reduce((sum, bytes) => sum + bytes, 0);
    while (together() <= most) {
      await app.events.emitToUser('slow', { padding: 'x'.repeat(30_000) });
      await new Promise(setImmediate);
    }
    expect(Math.max(...held())).toBeLessThan(most);

    await until(() => app.registry.stats().slowConsumersClosed > 0);
    for (const client of slow) client.socket.resume();
    expect(await Promise.race(slow.map((client) => client.whenClosed()))).toMatchObject({ code: 4501 });
    await app.events.emitToUser('slow', { last: true });
    await quick.next('event', ({ data }) => (data as { last?: boolean }).last === true);
    await app.close();
  });

  it('are closed too if replays wait; replays that ended hold nothing', async () => {
    const most = 2_000_000; // one replay has 0.96 MB
    const limits = {
      requestBytesPerSecond: 1e9,
      requestBytesPerSecondOfUser: 1e9,
      requestBytesPerSecondOfAddress: 1e9,
    };
    const channels = [{ name: 'files:{id}', access: 'authenticated', history: { size: 60 } }] as const;
    const app = await RealtimeApp.start({
      ...limits,
      channels: [...channels],
      maxBufferedBytesTotal: most,
      closeTimeoutMs: 60_000,
    });
    const names = ['files:a', 'files:b', 'files:c'] as const;
    const beginnings = new Map<string, string>();
    for (const name of names) {
      for (let count = 0; count < 60; count += 1) {
        const { id } = await app.events.publish(name, { padding: 'x'.repeat(16_000) });
        beginnings.set(name, id.replace(/\d+$/, '0'));
      }
    }
    const slow = await app.connectAs({ sub: 'slow' });
    const [connection] = app.registry.ofUser('slow');
    const resume = async (channel: string): Promise<void> => {
      slow.send({ type: 'subscribe', channel, lastEventId: beginnings.get(channel) });
      await until(() => connection!.subscriptions.has(channel));
      await new Promise(setImmediate); // the replay begins
    };
    const held = (): number => connection!.sendBuffer.bufferedBytes - connection!.transport.bufferedBytes;
    slow.socket.pause();
    await resume(names[0]);
    while (held() === 0) {
      slow.send({ type: 'unsubscribe', channel: names[0] });
      await until(() => connection!.subscriptions.size === 0);
      await resume(names[0]);
    }
    slow.send({ type: 'unsubscribe', channel: names[0] });
    await until(() => connection!.subscriptions.size === 0);
    expect(held()).toBe(0);

    for (const name of names) slow.send({ type: 'subscribe', channel: name, lastEventId: beginnings.get(name) });
    await until(() => app.registry.stats().slowConsumersClosed === 1);
    slow.socket.resume();
    expect(await slow.whenClosed()).toMatchObject({ code: 4501 });
    await app.close();
  });
});
