import { jest } from '@jest/globals';
import { Expose } from 'class-transformer';
import { IsString } from 'class-validator';
import { setTimeout as sleep } from 'node:timers/promises';
import { FEATURES, type ServerFrame } from '../../src/protocol/index.js';
import {
  Broker,
  ChannelPolicy,
  RedisBridge,
  type CanSubscribe,
  type ChannelAnswer,
  type ChannelContext,
} from '../../src/realtime/index.js';
import { RequestBudget } from '../../src/realtime/timing/request-budget.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf } from './support/shapes.js';

type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;

class Invoice {
  @IsString()
  number!: string;

  @Expose({ groups: ['admin', 'accountant'] })
  @IsString()
  margin!: string;
}

/** Grants the margin to accountants of a project. */
@ChannelPolicy('projects:{id}:invoices')
class Projects implements CanSubscribe {
  canSubscribe({ params, principal }: ChannelContext): ChannelAnswer {
    if (params['id'] === 'broken') throw new Error('the policy fails');
    if (params['id'] === 'closed') return false;
    return { allowed: true, groups: principal?.user.userId === 'accountant' ? ['accountant'] : [] };
  }
}

const SIZE = 10;
const CHANNELS = [
  { name: 'cursor:moved', access: 'authenticated', history: false },
  { name: 'wild:a', access: 'authenticated' },
  { name: 'wild:b', access: 'authenticated' },
  { name: 'feed:{id}', access: 'authenticated' },
  { name: 'secret:{id}', access: 'authenticated', history: { read: false } },
  { name: 'price:{symbol}', access: 'authenticated', history: { size: 1, ttlMs: 200_000_000 } },
  { name: 'large:{id}', access: 'authenticated', history: { size: 200 } },
  { name: 'projects:{id}:invoices', data: Invoice },
] as const;

describe.each(['memory', 'Redis'])('history and rewind over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  /** The instance of the clients: another one than that which emits, if there are two. */
  let there: RealtimeApp;
  let channel: string;
  let client: WsClient;
  let topics = 0;

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' });
    const options = {
      history: { size: SIZE },
      recoveryMaxEvents: 100,
      channels: [...CHANNELS],
      ...(redis !== null && { redis: { url: redis.url } }),
    };
    here = await RealtimeApp.start(options, { providers: [Projects] });
    there = redis === null ? here : await RealtimeApp.start(options, { providers: [Projects] });
    await isUp();
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });
  beforeEach(async () => {
    topics += 1;
    channel = `feed:${topics}`;
    client = await there.connectAs({ sub: `user-${topics}` });
  });
  afterEach(() => client.close());

  const isUp = () => until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  const emit = async (count: number, to = channel, text = ''): Promise<string[]> => {
    const emitted = Array.from({ length: count }, (_, index) => here.events.publish(to, { index, text }));
    return (await Promise.all(emitted)).map(({ id }) => id);
  };
  const ids = async (count: number, from = client): Promise<(string | undefined)[]> => {
    const found: (string | undefined)[] = [];
    while (found.length < count) found.push((await from.next('event')).id);
    return found;
  };
  const subscribe = async (more: object, from = client): Promise<FrameOf<'subscribed'>> => {
    const answer = await from.ask({ type: 'subscribe', channel, ...more });
    expect(answer).toMatchObject({ type: 'subscribed' });
    return answer as FrameOf<'subscribed'>;
  };
  const history = async (more: object = {}, from = client): Promise<FrameOf<'history'>> => {
    const answer = await from.ask({ type: 'history', channel, ...more });
    expect(answer).toMatchObject({ type: 'history' });
    return answer as FrameOf<'history'>;
  };
  const idsOf = ({ events }: FrameOf<'history'>) => events.map(({ id }) => id);
  const connectionOf = (user: string) => [...there.registry.ofUser(user)][0]!;

  it('delivers a first burst that is larger than the history to live subscribers, without a resync', async () => {
    await subscribe({});
    const emitted = await emit(3 * SIZE);
    expect(await ids(3 * SIZE)).toEqual(emitted);
    await client.expectNone('resync');
  });

  it('is announced by connected', async () => {
    expect(client.frames[0]).toMatchObject({ type: 'connected', features: [...FEATURES] });
    expect(FEATURES).toEqual(expect.arrayContaining(['history', 'rewind']));
  });

  describe('subscribe with last', () => {
    it('sends the last events in order after subscribed, and then live events', async () => {
      const before = await emit(5);
      const answer = await subscribe({ last: 3 });
      expect(answer).toMatchObject({ rewound: 3, lastEventId: before[1] });
      expect(answer).not.toHaveProperty('recovered');
      expect(answer).not.toHaveProperty('reason');
      expect(await ids(3)).toEqual(before.slice(-3));
      const live = await emit(2);
      expect(await ids(2)).toEqual(live);
      await client.expectNone('event');
    });

    it('sends fewer if fewer are kept, never more than are kept, and none of an empty channel', async () => {
      expect(await subscribe({ last: 5 })).toMatchObject({ rewound: 0 });
      const first = await emit(1);
      expect(await ids(1)).toEqual(first);
      const all = [...first, ...(await emit(SIZE + 4))];
      expect(await ids(SIZE + 4)).toEqual(all.slice(1));
      const other = await there.connectAs();
      expect(await subscribe({ last: 1_000 }, other)).toMatchObject({ rewound: SIZE, lastEventId: all[4] });
      expect(await ids(SIZE, other)).toEqual(all.slice(-SIZE));
      await other.close();
    });

    it('sends each event exactly as it was sent live', async () => {
      await subscribe({});
      await emit(1, channel, '"\\ü😀');
      const live = await client.next('event');
      const other = await there.connectAs();
      await subscribe({ last: 1 }, other);
      expect(await other.next('event')).toEqual(live);
      await other.close();
    });

    it('can be resumed from the position in subscribed, by a client that received no event', async () => {
      const before = await emit(4);
      const { lastEventId } = await subscribe({ last: 2 });
      await client.close();
      client = await there.connectAs();
      expect(await subscribe({ lastEventId })).toMatchObject({ recovered: true });
      expect(await ids(2)).toEqual(before.slice(-2));
    });

    it('resumes if it can, and rewinds if it cannot', async () => {
      const sent = await emit(5);
      expect(await subscribe({ lastEventId: sent[3], last: 3 })).toEqual(
        expect.not.objectContaining({ rewound: expect.anything() }),
      );
      expect(await ids(1)).toEqual(sent.slice(-1));
      await client.expectNone('event');
      await client.ask({ type: 'unsubscribe', channel });
      const answer = await subscribe({ lastEventId: 'lost-3', last: 3 });
      expect(answer).toMatchObject({ recovered: false, reason: 'unknown_epoch', rewound: 3, lastEventId: sent[1] });
      expect(await ids(3)).toEqual(sent.slice(-3));
      const live = await emit(1);
      expect(await ids(1)).toEqual(live);
      await client.expectNone('event');
    });

    it('rewinds after a resume from events that were trimmed', async () => {
      const sent = await emit(SIZE + 70); // more than an instance keeps in memory
      expect(await subscribe({ lastEventId: sent[0], last: 2 })).toMatchObject({
        recovered: false,
        reason: 'expired',
        rewound: 2,
      });
      expect(await ids(2)).toEqual(sent.slice(-2));
      await client.expectNone('event');
    });

    it('rewinds each channel of a wildcard', async () => {
      const [a, b] = [await emit(2, 'wild:a'), await emit(3, 'wild:b')];
      client.send({ type: 'subscribe', channel: 'wild:*', last: 2 });
      const first = [await client.next('subscribed'), await client.next('subscribed')];
      expect(first.map(({ channel: name, rewound }) => [name, rewound])).toEqual([
        ['wild:a', 2],
        ['wild:b', 2],
      ]);
      const events = await Promise.all([1, 2, 3, 4].map(() => client.next('event')));
      const of = (name: string) => events.filter((event) => event.channel === name).map(({ id }) => id);
      expect([of('wild:a'), of('wild:b')]).toEqual([a.slice(-2), b.slice(-2)]);
    });

    it('can be given per channel in channels', async () => {
      const sent = await emit(2);
      client.send({ type: 'subscribe', channels: [{ channel, last: 1 }, 'apps:created'] });
      expect(await client.next('subscribed')).toMatchObject({ channel, rewound: 1 });
      expect(await ids(1)).toEqual(sent.slice(-1));
      expect(await client.next('subscribed')).not.toHaveProperty('rewound');
    });

    it('is 0 without history, without the right to read it, and for a connection that is subscribed', async () => {
      await emit(1, 'cursor:moved');
      await emit(1, 'secret:x');
      for (const name of ['cursor:moved', 'secret:x']) {
        const answer = await subscribe({ channel: name, last: 1 });
        expect(answer.rewound).toBe(0);
        expect(answer).not.toHaveProperty('reason');
      }
      await subscribe({});
      expect(await subscribe({ last: 1 })).toMatchObject({ rewound: 0, reason: 'already_subscribed' });
      await client.expectNone('event');
    });

    it('sends the last value of a channel that keeps one', async () => {
      const sent = await emit(3, 'price:eur');
      expect(await subscribe({ channel: 'price:eur', last: 1 })).toMatchObject({ rewound: 1 });
      expect(await ids(1)).toEqual(sent.slice(-1));
    });

    it('leaves no gap and no duplicate while events are published', async () => {
      const all: string[] = [];
      for (let round = 0; round < 15; round += 1) {
        const one = await there.connectAs();
        const asked = subscribe({ last: 1 + (round % SIZE) }, one);
        // Some before, some during and some after the read.
        for (let count = 0; count < 6; count += 1) all.push(...(await emit(2)));
        const { rewound } = await asked;
        all.push(...(await emit(1)));
        const seen = await ids(rewound! + 1, one);
        while (seen.at(-1) !== all.at(-1)) seen.push((await one.next('event')).id);
        expect(seen).toEqual(all.slice(-seen.length));
        await one.expectNone('event');
        await one.close();
      }
    });
  });

  describe('history', () => {
    it('returns pages, newest first and each oldest first, down to the oldest kept event', async () => {
      const sent = (await emit(SIZE + 2)).slice(-SIZE);
      const newest = await history({ limit: 4 });
      expect(newest).toMatchObject({ channel, more: true });
      expect(idsOf(newest)).toEqual(sent.slice(6));
      const older = await history({ limit: 4, before: newest.events[0]!.id });
      expect(idsOf(older)).toEqual(sent.slice(2, 6));
      expect(older.more).toBe(true);
      const oldest = await history({ limit: 4, before: older.events[0]!.id });
      expect(idsOf(oldest)).toEqual(sent.slice(0, 2));
      expect(oldest.more).toBe(false);
      expect(await history({ before: oldest.events[0]!.id })).toMatchObject({ events: [], more: false });
    });

    it('returns each event as it was sent live, without a subscription', async () => {
      await subscribe({});
      await emit(1, channel, '"\\ü😀');
      const live = await client.next('event');
      const other = await there.connectAs();
      expect((await history({}, other)).events).toEqual([live]);
      await emit(1);
      await other.expectNone('event');
      await other.close();
    });

    it('ends if events are trimmed while a client pages', async () => {
      await emit(SIZE);
      const page = await history({ limit: 3 });
      expect(page.more).toBe(true);
      await emit(SIZE);
      const next = await history({ limit: 3, before: page.events[0]!.id });
      expect(next).toMatchObject({ events: [], more: false });
      expect(next).not.toHaveProperty('reason');
    });

    it.each(['lost-3', 'rubbish', '', '💥-1'])('says so if the server does not know the id %j', async (before) => {
      await emit(1);
      expect(await history({ before })).toMatchObject({ events: [], more: false, reason: 'unknown_epoch' });
    });

    it('is empty without history, and without the right to read it', async () => {
      await emit(1, 'cursor:moved');
      await emit(1, 'secret:x');
      for (const name of ['cursor:moved', 'secret:x']) {
        expect(await history({ channel: name })).toMatchObject({ events: [], more: false, reason: 'no_history' });
      }
    });

    it('limits the bytes of a page, but returns at least one event', async () => {
      const sent = await emit(8, 'large:x', 'x'.repeat(60_000));
      const page = await history({ channel: 'large:x' });
      expect(idsOf(page)).toEqual(sent.slice(-4));
      expect(page.more).toBe(true);
      const rest = await history({ channel: 'large:x', before: page.events[0]!.id });
      expect(idsOf(rest)).toEqual(sent.slice(0, 4));
    });

    it('returns at most as many events as a replay', async () => {
      const sent = await emit(150, 'large:many');
      const page = await history({ channel: 'large:many', limit: 1_000_000 });
      expect(idsOf(page)).toEqual(sent.slice(-100));
      expect(idsOf(await history({ channel: 'large:many' }))).toEqual(sent.slice(-50));
    });

    it('is refused like subscribe', async () => {
      const ask = (name: string) => client.ask({ type: 'history', channel: name });
      expect(await ask('nothing:here')).toMatchObject({ code: 'unknown_channel', channel: 'nothing:here' });
      expect(await ask('system:health')).toMatchObject({ code: 'forbidden', channel: 'system:health' });
      expect(await ask('user:other')).toMatchObject({ code: 'forbidden' });
      expect(await ask('projects:closed:invoices')).toMatchObject({ code: 'forbidden' });
      expect(await ask('projects:broken:invoices')).toMatchObject({ code: 'unavailable' });
      const anonymous = await there.connect();
      expect(await anonymous.ask({ type: 'history', channel })).toMatchObject({ code: 'forbidden' });
      expect(await anonymous.ask({ type: 'history', channel: 'announcements' })).toMatchObject({ events: [] });
      await anonymous.close();
    });

    it.each([
      ['limit', { limit: 0 }],
      ['limit', { limit: 1.5 }],
      ['limit', { limit: -1 }],
      ['limit', { limit: '5' }],
      ['before', { before: 5 }],
      ['before', { before: 'x'.repeat(129) }],
      ['channel', { channel: 'feed:*' }],
      ['channel', { channel: 7 }],
    ])('names a wrong %s: %j', async (field, more) => {
      const details = [{ field, message: expect.any(String) as string }];
      const answer = await client.ask({ type: 'history', channel, ...more });
      expect(answer).toEqual(errorOf('invalid_message', { details, ref: 'ask-1' }));
    });

    it.each([0, -1, 1.5, 1e300, '5', null, true])('subscribe names a wrong last: %j', async (last) => {
      const answer = await client.ask({ type: 'subscribe', channel, last });
      expect(answer).toMatchObject({ code: 'invalid_message', details: [{ field: 'last' }] });
    });

    it('is refused beyond the budget', async () => {
      there.app.get(RequestBudget).chargeUnconditionally(connectionOf(`user-${topics}`), 60 * 262_144);
      expect(await client.ask({ type: 'history', channel })).toMatchObject({ code: 'rate_limited' });
    });

    it('charges the bytes of its pages', async () => {
      await emit(8, 'large:costly', 'x'.repeat(60_000));
      await history({ channel: 'large:costly', limit: 4 });
      // Charged with the next request, like every answer.
      expect(connectionOf(`user-${topics}`).unpaidBytes).toBeGreaterThan(230_000);
    });

    it('waits for a client that does not read, and neither closes it nor holds many pages for it', async () => {
      await emit(8, 'large:slow', 'x'.repeat(60_000));
      client.socket.pause();
      for (let count = 0; count < 20; count += 1) client.send({ type: 'history', channel: 'large:slow', limit: 4 });
      const connection = connectionOf(`user-${topics}`);
      await until(() => connection.sendBuffer.bufferedBytes > 100_000);
      await sleep(100); // further pages would be sent now
      expect(connection.sendBuffer.bufferedBytes).toBeLessThan(4 * 262_144);
      client.socket.resume();
      for (let count = 0; count < 20; count += 1) expect((await client.next('history')).events).toHaveLength(4);
    });

    it('is unavailable while the broker does not answer', async () => {
      const broker = there.app.get(Broker);
      const page = broker.page.bind(broker);
      const { RealtimeUnavailableError } = await import('../../src/realtime/index.js');
      broker.page = () => Promise.reject(new RealtimeUnavailableError('no answer'));
      try {
        expect(await client.ask({ type: 'history', channel })).toMatchObject({ code: 'unavailable', channel });
        expect(await client.ask({ type: 'subscribe', channel, last: 1 })).toMatchObject({ code: 'unavailable' });
      } finally {
        broker.page = page;
      }
      expect(await subscribe({ last: 1 })).toMatchObject({ rewound: 0 });
    });
  });

  it('shows restricted fields to those who receive them live: role, and grant of a policy', async () => {
    const name = 'projects:p1:invoices';
    await here.events.publish(name, { number: '1', margin: '40 %' });
    const whole = { number: '1', margin: '40 %' };
    for (const [claims, data] of [
      [{ sub: 'member' }, { number: '1' }],
      [{ sub: 'accountant' }, whole],
      [{ sub: 'boss', role: 'admin' }, whole],
    ] as const) {
      const reader = await there.connectAs(claims);
      expect((await history({ channel: name }, reader)).events[0]!.data).toEqual(data);
      await subscribe({ channel: name, last: 1 }, reader);
      expect((await reader.next('event')).data).toEqual(data);
      await reader.close();
    }
  });

  describe('over HTTP', () => {
    const get = async (query: string, name = channel, authorization = `Bearer ${signToken({ sub: 'ann' })}`) => {
      const headers: Record<string, string> = authorization === '' ? {} : { authorization };
      const response = await fetch(`${there.http}/realtime/channels/${name}/events${query}`, { headers });
      return { status: response.status, body: (await response.json()) as { events: { id: string; data: unknown }[] } };
    };

    it('answers the same pages', async () => {
      await emit(5);
      const frame = await history({ limit: 2 });
      const { status, body } = await get('?limit=2');
      expect(status).toBe(200);
      expect(body).toEqual({ channel, events: frame.events, more: true, lastEventId: frame.events[1]!.id });
      const older = await get(`?limit=9&before=${body.events[0]!.id}`);
      expect(older.body).toMatchObject({ more: false });
      expect(older.body.events).toHaveLength(3);
      expect((await get('?before=lost-1')).body).toEqual({ channel, events: [], more: false, reason: 'unknown_epoch' });
    });

    it('shows restricted fields to those who receive them live', async () => {
      const name = 'projects:p2:invoices';
      await here.events.publish(name, { number: '1', margin: '40 %' });
      const dataFor = async (sub: string) =>
        (await get('', name, `Bearer ${signToken({ sub })}`)).body.events.map(({ data }) => data);
      expect(await dataFor('member')).toEqual([{ number: '1' }]);
      expect(await dataFor('accountant')).toEqual([{ number: '1', margin: '40 %' }]);
    });

    it('is refused like subscribe', async () => {
      const status = async (...call: Parameters<typeof get>) => (await get(...call)).status;
      expect(await status('', 'nothing:here')).toBe(404);
      expect(await status('', 'system:health')).toBe(403);
      expect(await status('', 'projects:closed:invoices')).toBe(403);
      expect(await status('', 'projects:broken:invoices')).toBe(503);
      expect(await status('', channel, 'Bearer rubbish')).toBe(401);
      expect(await status('', channel, '')).toBe(403);
      expect(await status('', 'announcements', '')).toBe(200);
      for (const query of ['?limit=0', '?limit=x', '?limit=-1', `?before=${'x'.repeat(129)}`, '?unknown=1']) {
        expect([query, await status(query)]).toEqual([query, 400]);
      }
    });

    it('is charged to the budget of the user', async () => {
      await emit(8, 'large:http', 'x'.repeat(60_000));
      const token = `Bearer ${signToken({ sub: 'greedy' })}`;
      const spy = jest.spyOn(there.app.get(RequestBudget), 'chargeUnconditionally');
      await get('?limit=4', 'large:http', token);
      const bytes = spy.mock.calls.reduce((sum, [, cost]) => sum + cost, 0);
      expect(bytes).toBeGreaterThan(240_000);
      spy.mockRestore();
      jest.spyOn(there.app.get(RequestBudget), 'charge').mockReturnValueOnce(null);
      expect((await get('', 'large:http', token)).status).toBe(429);
    });
  });

  if (engine === 'Redis') {
    it('continues across a restart of Redis, and ends at the loss of its data', async () => {
      const sent = await emit(4);
      await redis!.restart();
      await isUp();
      const later = await emit(1);
      const page = await history({ limit: 10 });
      expect(page.events.map(({ data }) => (data as { index: number }).index)).toEqual([0, 1, 2, 3, 0]);
      expect(idsOf(page).at(-1)).toBe(later[0]);
      expect((await history({ before: sent[2] })).events).toHaveLength(2);
      const rewinding = await there.connectAs();
      expect(await subscribe({ lastEventId: sent[1], last: 2 }, rewinding)).toMatchObject({
        recovered: false,
        reason: 'unproven',
        rewound: 2,
      });
      expect((await ids(2, rewinding)).at(-1)).toBe(later[0]);
      await rewinding.close();
    });
  }
});
