import { RealtimeClock } from '../../src/realtime/timing/realtime-clock.js';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf, stamped } from './support/shapes.js';

const CHANNEL = 'apps:created';

describe('resuming with lastEventId', () => {
  let app: RealtimeApp;
  let client: WsClient;

  beforeAll(async () => {
    app = await RealtimeApp.start({
      history: { size: 10 },
      recoveryMaxEvents: 5,
      recoveryMaxBytes: 20_000,
      channels: [
        { name: 'gone:soon', access: 'authenticated', history: { ttlMs: 1 } },
        { name: 'cursor:moved', access: 'authenticated', history: false },
      ],
    });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    client = await app.connectAs();
  });
  afterEach(async () => {
    await client.close();
  });

  let made = 0;
  /** Emits `count` events. @returns their ids */
  async function emit(count: number, name = 'n'): Promise<string[]> {
    const events = Array.from({ length: count }, () => app.events.emit(CHANNEL, { id: String((made += 1)), name }));
    return (await Promise.all(events)).map(({ id }) => id);
  }

  const resume = (lastEventId: string, channel = CHANNEL): Promise<unknown> =>
    client.ask({ type: 'subscribe', channel, lastEventId });

  const answer = (fields: object): unknown =>
    stamped({ type: 'subscribed', channel: CHANNEL, ref: 'ask-1', ...fields });

  it('sends every event after that id, in order and once, then continues live', async () => {
    const [first, ...missed] = await emit(5);
    expect(await resume(first!)).toEqual(answer({ recovered: true, lastEventId: first }));
    for (const id of missed) expect(await client.next()).toMatchObject({ type: 'event', id });
    const [live] = await emit(1);
    expect(await client.next()).toMatchObject({ type: 'event', id: live });
    await client.expectNone('event');
  });

  it('sends a missed event exactly as it was sent live', async () => {
    const there = await app.connectAs({ sub: 'there' });
    await there.ask({ type: 'subscribe', channel: CHANNEL });
    const [before] = await emit(1);
    await emit(1, '"\\ü😀');
    await there.next('event');
    const seen = await there.next('event');
    await resume(before!);
    expect(await client.next('event')).toEqual(seen);
  });

  it('sends nothing to a client that missed nothing', async () => {
    const [, last] = await emit(2);
    expect(await resume(last!)).toEqual(answer({ recovered: true, lastEventId: last }));
    await client.expectNone('event');
  });

  it('works from the position in subscribed, for a client that has received no event', async () => {
    const subscribed = await client.ask({ type: 'subscribe', channel: 'storage:deleted' });
    const at = 'lastEventId' in subscribed ? subscribed.lastEventId! : '';
    await client.close();
    const { id } = await app.events.emit('storage:deleted', { id: 'x', name: 'n' });
    client = await app.connectAs();
    expect(await resume(at, 'storage:deleted')).toMatchObject({ recovered: true, lastEventId: at });
    expect(await client.next('event')).toMatchObject({ id });
  });

  it('works repeatedly on one connection, after unsubscribe', async () => {
    let [at] = await emit(1);
    for (let round = 0; round < 3; round += 1) {
      const [id] = await emit(1);
      expect(await resume(at!)).toMatchObject({ recovered: true });
      expect(await client.next('event')).toMatchObject({ id });
      await client.ask({ type: 'unsubscribe', channel: CHANNEL });
      at = id;
    }
  });

  it('can be given per channel in channels', async () => {
    const [first, second] = await emit(2);
    const users = await app.events.emit('users:updated', { id: '1', email: 'e' });
    client.send({
      type: 'subscribe',
      channels: [
        { channel: CHANNEL, lastEventId: first },
        'apps:updated',
        { channel: 'users:updated', lastEventId: first },
        { channel: 'system:health', lastEventId: first },
      ],
      ref: 'batch',
    });
    expect(await client.next('subscribed')).toMatchObject({ channel: CHANNEL, recovered: true, ref: 'batch' });
    expect(await client.next('event')).toMatchObject({ id: second });
    const plain = await client.next('subscribed');
    expect(plain).toMatchObject({ channel: 'apps:updated' });
    expect(plain).not.toHaveProperty('recovered');
    expect(await client.next('subscribed')).toMatchObject({ recovered: false, lastEventId: users.id });
    expect(await client.next('error')).toEqual(errorOf('forbidden', { channel: 'system:health', ref: 'batch' }));
  });

  describe('is recovered: false', () => {
    const refused = (reason: string, lastEventId: string): unknown => answer({ recovered: false, reason, lastEventId });

    it('(expired) if an event after it was trimmed; the client continues from the current position', async () => {
      // A channel without subscribers: otherwise the events kept in memory for page reloads would help.
      const emitOne = () => app.events.emit('storage:uploaded', { id: '1', name: 'n' });
      const { id: first } = await emitOne();
      for (let count = 0; count < 20; count += 1) await emitOne();
      const { id: last } = await emitOne();
      expect(await resume(first, 'storage:uploaded')).toEqual(
        answer({ channel: 'storage:uploaded', recovered: false, reason: 'expired', lastEventId: last }),
      );
      await client.expectNone('event');
      const live = await emitOne();
      expect(await client.next('event')).toMatchObject({ id: live.id });
    });

    it('(too_many) if it is further behind than the limit of events, and not one event sooner', async () => {
      const ids = await emit(7);
      expect(await resume(ids[0]!)).toEqual(refused('too_many', ids.at(-1)!));
      await client.ask({ type: 'unsubscribe', channel: CHANNEL });
      expect(await resume(ids[1]!)).toMatchObject({ recovered: true });
      for (const id of ids.slice(2)) expect(await client.next('event')).toMatchObject({ id });
    });

    it('(too_many) if it is further behind than the limit of bytes', async () => {
      const ids = await emit(4, 'x'.repeat(7_000));
      expect(await resume(ids[0]!)).toEqual(refused('too_many', ids.at(-1)!));
    });

    it('(expired) if the history exceeded its TTL', async () => {
      const first = await app.events.publish('gone:soon', 1);
      const second = await app.events.publish('gone:soon', 2);
      app.app.get(RealtimeClock).advance(10); // beyond the TTL
      expect(await resume(first.id, 'gone:soon')).toMatchObject({
        recovered: false,
        reason: 'expired',
        lastEventId: second.id,
      });
      await client.ask({ type: 'unsubscribe', channel: 'gone:soon' });
      expect(await resume(second.id, 'gone:soon')).toMatchObject({ recovered: true });
    });

    it('(rewound) if the id is beyond the current position', async () => {
      const [last] = await emit(1);
      const [epoch, offset] = last!.split('-');
      expect(await resume(`${epoch}-${Number(offset) + 1}`)).toEqual(refused('rewound', last!));
    });

    it.each(['0123456789ab-1', 'rubbish', '', '-', '1-', 'a-1.5', 'a--1', `x-${'9'.repeat(30)}`, '💥-1'])(
      '(unknown_epoch) if the id has no epoch of this channel: %j',
      async (id) => {
        const [last] = await emit(1);
        expect(await resume(id)).toEqual(refused('unknown_epoch', last!));
      },
    );

    it('(unknown_epoch) if the id belongs to another channel', async () => {
      const [last] = await emit(1);
      const { id } = await app.events.emit('apps:updated', { id: '1', name: 'n' });
      expect(await resume(id)).toEqual(refused('unknown_epoch', last!));
    });

    it('(no_history) on a channel without history', async () => {
      expect(await resume('a-1', 'cursor:moved')).toEqual(
        answer({ channel: 'cursor:moved', recovered: false, reason: 'no_history' }),
      );
      await app.events.publish('cursor:moved', 1);
      await client.next('event');
    });

    it('(already_subscribed) if it is subscribed, without a replay', async () => {
      const [first, second] = await emit(2);
      await client.ask({ type: 'subscribe', channel: CHANNEL });
      expect(await client.ask({ type: 'subscribe', channel: CHANNEL, lastEventId: first })).toMatchObject({
        recovered: false,
        reason: 'already_subscribed',
        lastEventId: second,
      });
      await client.expectNone('event');
    });
  });
});
