import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { recordLog } from '../../../test/support/log-lines.js';
import { formatPosition, type RealtimeEvents } from '../../protocol/index.js';
import { MemoryBroker } from '../backends/memory/memory.broker.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { Counters } from '../observability/counters.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { EmitAttempt } from './emitted-event.js';
import type { EmitOptions } from './emit-options.js';
import { EventsPublisher } from './events-publisher.js';

class Order {
  @IsString()
  id!: string;
  @IsInt()
  total!: number;
}

const CHANNELS = [
  { name: 'open', access: 'public', history: { size: 10, ttlMs: 60_000 } },
  { name: 'plain', access: 'public', history: false },
  { name: 'orders', access: 'public', data: Order, history: false },
  { name: 'strict', access: 'public', data: Order, history: false, declaredFieldsOnly: true },
  { name: 'all', access: 'public', global: true, history: false },
] as const;

interface Published {
  readonly topic: string;
  readonly data: unknown;
  readonly timeoutMs: number;
}

describe('EventsPublisher', () => {
  let counters: Counters;
  let broker: MemoryBroker;
  let events: EventsPublisher;
  let published: Published[];
  let lines: string[];
  /** Fails the next events. */
  let failures: Error[];

  function create(given: object = {}): EventsPublisher {
    const options = resolveOptions({ jwt: { secret: 'x'.repeat(32) }, channels: [...CHANNELS], ...given });
    counters = new Counters();
    return new EventsPublisher(broker, new ChannelCatalogue(options), counters, options);
  }

  beforeEach(() => {
    [published, failures] = [[], []];
    broker = new MemoryBroker();
    const publish = broker.publish.bind(broker);
    broker.publish = async (event) => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      const { data } = JSON.parse(`{${event.body}`) as { data: unknown };
      published.push({ topic: event.topic, data, timeoutMs: event.timeoutMs });
      return publish(event);
    };
    events = create();
    lines = recordLog();
  });
  afterEach(async () => {
    events.onApplicationShutdown();
    await broker.close();
    jest.useRealTimers();
    Logger.overrideLogger(true);
  });

  const emit = (channel: unknown, data: unknown, options?: EmitOptions): ReturnType<EventsPublisher['publish']> =>
    events.publish(channel as string, data, options);
  const topics = (): string[] => published.map(({ topic }) => topic);

  it('resolves with the id that subscribers receive, and counts the event', async () => {
    const { id, ...rest } = await emit('open', { a: 1 });
    const [stored] = await broker.latest('open', 1);
    expect(stored?.position && formatPosition(stored.position)).toBe(id);
    expect(rest).toEqual({ channel: 'open', timestamp: expect.stringMatching(/^\d{4}-.*Z$/) });
    expect((await emit('plain', null)).id).toMatch(/^[\da-f-]{36}$/);
    expect([published.map(({ data }) => data), published.at(0)?.timeoutMs]).toEqual([[{ a: 1 }, null], 10_000]);
    expect([counters.published, counters.failedEvents.get('invalid_event')]).toEqual([2, 0]);
  });

  it('publishes an event with the same key once', async () => {
    const options = { idempotencyKey: 'k', idempotencyMs: 1_000, timeoutMs: 5 };
    const [one, two] = [await emit('open', 1, options), await emit('open', 2, options)];
    expect([one.id === two.id, published.at(0)?.timeoutMs]).toEqual([true, 5]);
    expect((await broker.latest('open', 10)).length).toBe(1);
  });

  it('publishes to the private channel of a user', async () => {
    expect((await events.emitToUser('ann', 1)).channel).toBe('user:ann');
    await expect(events.emitToUser('', 1)).rejects.toMatchObject({ field: 'userId' });
    expect(topics()).toEqual(['user:ann']);
  });

  it.each<[string, unknown, unknown, unknown, string]>([
    ['an unknown channel', 'nothing', 1, {}, 'channel is not registered: "nothing"'],
    ['no channel', undefined, 1, {}, 'channel is not registered: undefined'],
    ['null as a channel', null, 1, {}, 'channel is not registered: null'],
    ['an empty key', 'open', 1, { idempotencyKey: '' }, 'idempotencyKey must have 1 to 200 characters'],
    ['a long key', 'open', 1, { idempotencyKey: 'k'.repeat(201) }, 'idempotencyKey must have'],
    ['a key that is not a string', 'open', 1, { idempotencyKey: 5 }, 'idempotencyKey must have'],
    ['a key for no time', 'open', 1, { idempotencyMs: 0 }, 'idempotencyMs must be a whole number'],
    ['a key for more than a day', 'open', 1, { idempotencyMs: 86_400_001 }, 'from 1 to 86400000'],
    ['a key for a fraction', 'open', 1, { idempotencyMs: 1.5 }, 'idempotencyMs must be'],
    ['no time', 'open', 1, { timeoutMs: 0 }, 'timeoutMs must be a number of milliseconds above 0'],
    ['a time in words', 'open', 1, { timeoutMs: '5' }, 'timeoutMs must be'],
    ['a tenant without tenants', 'open', 1, { tenant: 'a' }, 'tenant must not be given'],
    ['a list of options', 'open', 1, [], 'options must be an object such as { idempotencyKey }, not a list'],
    ['a string as options', 'open', 1, 'k', 'options must be an object such as { idempotencyKey }, not a string'],
    ['data that is not JSON', 'open', new Map(), {}, 'data '],
    ['data that is too large', 'open', 'x'.repeat(65_535), {}, 'data is larger than 65536 bytes'],
    ['data of another class', 'orders', { id: 5 }, {}, 'data does not fit Order: id must be a string'],
    [
      'data with too many keys',
      'orders',
      Object.fromEntries(Array.from({ length: 501 }, (_, at) => [`k${at}`, 1])),
      {},
      'data ',
    ],
  ])('rejects %s', async (_what, channel, data, options, problem) => {
    await expect(emit(channel, data, options as EmitOptions)).rejects.toThrow(problem);
    expect([published, counters.failedEvents.get('invalid_event'), lines.length]).toEqual([[], 1, 1]);
    expect(lines[0]).toContain('was not published: ');
  });

  it.each([
    ['open', 1, { idempotencyKey: 'k'.repeat(200), idempotencyMs: 86_400_000 }],
    ['open', 1, { idempotencyKey: 'k', idempotencyMs: 1, timeoutMs: 0.5 }],
    ['open', 'x'.repeat(65_534), null],
    ['open', 'ä'.repeat(32_767), undefined],
  ])('accepts the largest values: %s %s', async (channel, data, options) => {
    await emit(channel, data, options as EmitOptions);
    expect(published).toHaveLength(1);
  });

  it('names a registered channel in the log, and shortens any other', async () => {
    await emit('x'.repeat(1_000), 1).catch(() => undefined);
    await emit('open', new Map()).catch(() => undefined);
    expect(lines[0]?.length).toBeLessThan(600);
    expect(lines[1]).toMatch(/^warn: An event to open was not published: data /);
  });

  it.each([
    ['unavailable', new RealtimeUnavailableError('of the test')],
    ['internal', new Error('of the test')],
  ])('counts a failure of the broker as %s', async (code, error) => {
    failures = [error];
    await expect(emit('open', 1)).rejects.toBe(error);
    expect([counters.failedEvents.get(code), counters.published]).toEqual([1, 0]);
  });

  it('sends only declared fields, and never __proto__', async () => {
    await emit('strict', { id: 'a', total: 1, secret: 2 });
    await emit('orders', { id: 'a', total: 1, more: 2 });
    await emit('open', JSON.parse('{"__proto__":{"a":1},"b":2}'));
    expect(published.map(({ data }) => data)).toEqual([
      { id: 'a', total: 1 },
      { id: 'a', total: 1, more: 2 },
      { b: 2 },
    ]);
  });

  it('drops or passes data of another class if the option says so', async () => {
    events = create({ invalidEvents: 'drop' });
    expect(await emit('orders', { id: 5 })).toMatchObject({ dropped: true, channel: 'orders' });
    expect([published, counters.published, counters.invalidEvents.get('dropped')]).toEqual([[], 0, 1]);
    events = create({ invalidEvents: 'pass' });
    expect(await emit('orders', { id: 5 })).not.toHaveProperty('dropped');
    expect([published.length, counters.invalidEvents.get('passed')]).toEqual([1, 1]);
    expect(() => events.prepare('orders', { id: 5 })).toThrow('does not fit Order');
    expect(events.serialise('orders', { id: 5 }).json).toBe('{"id":5}');
  });

  describe('several events', () => {
    const list = (...entries: unknown[]): Promise<unknown[]> => events.emitMany(entries as never);

    it('are published in their order', async () => {
      const results = await list(
        { channel: 'open', data: 1 },
        { channel: 'plain', data: 2, options: { timeoutMs: 7 } },
      );
      expect(results).toMatchObject([{ channel: 'open' }, { channel: 'plain' }]);
      expect([topics(), published.at(1)?.timeoutMs]).toEqual([['open', 'plain'], 7]);
      expect(await list()).toEqual([]);
    });

    it.each<[unknown[], string]>([
      [
        [
          { channel: 'open', data: 1 },
          { channel: 'nothing', data: 1 },
        ],
        '[1].channel is not registered',
      ],
      [[{ channel: 'open', data: 1 }, null], '[1].channel is not registered: undefined'],
      [[{ channel: 'orders', data: {} }], '[0].data does not fit Order'],
    ])('are not published if one is invalid: %j', async (entries, problem) => {
      await expect(list(...entries)).rejects.toThrow(problem);
      expect(published).toEqual([]);
    });

    it('are published though one of them fails, which rejects', async () => {
      failures = [new RealtimeUnavailableError('of the test')];
      await expect(list({ channel: 'open', data: 1 }, { channel: 'plain', data: 2 })).rejects.toThrow('of the test');
      expect(topics()).toEqual(['plain']);
    });

    it('are a list', async () => {
      await expect(events.emitMany('open' as never)).rejects.toThrow(
        'events must be a list of { channel, data, options? }',
      );
    });
  });

  describe('after a transaction', () => {
    const afterCommit = (data: unknown, channel = 'open'): void =>
      events.afterCommit(channel as keyof RealtimeEvents, data as never);

    it('publishes when it commits, and never if it rolls back', async () => {
      await events.transaction(async () => {
        afterCommit(1);
        await Promise.resolve();
        expect(published).toEqual([]);
      });
      await expect(
        events.transaction(async () => {
          afterCommit(2);
          throw new Error('rolled back');
        }),
      ).rejects.toThrow('rolled back');
      await events.transaction(async (rollBack) => {
        afterCommit(3);
        rollBack();
      });
      afterCommit(4);
      await events.beforeApplicationShutdown();
      expect(published.map(({ data }) => data)).toEqual([1, 4]);
    });

    it('publishes the events of an independent transaction though the outer one rolls back', async () => {
      const outer = events.transaction(async () => {
        await events.transaction(async () => afterCommit('savepoint'));
        await events.transaction(async () => afterCommit('nothing given'), null);
        await events.transaction(async () => afterCommit('independent'), { independent: true });
        throw new Error('rolled back');
      });
      await expect(outer).rejects.toThrow('rolled back');
      await events.beforeApplicationShutdown();
      expect(published.map(({ data }) => data)).toEqual(['independent']);
    });

    it('refuses an invalid event at once, and reports it', () => {
      const attempts: EmitAttempt[] = [];
      events.onEmit((attempt) => void attempts.push(attempt));
      expect(() => afterCommit(1, 'nothing')).toThrow('channel is not registered');
      expect(attempts).toMatchObject([{ channel: 'nothing', data: 1 }]);
    });

    it('tries again until the broker has the event, and a shutdown waits for that at most five seconds', async () => {
      jest.useFakeTimers();
      broker.publish = () => Promise.reject(new RealtimeUnavailableError('of the test'));
      afterCommit(1);
      let isOver = false;
      void events.beforeApplicationShutdown().then(() => (isOver = true));
      await jest.advanceTimersByTimeAsync(4_999);
      expect(isOver).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      expect(isOver).toBe(true);
    });
  });

  describe('an observer', () => {
    it('receives every attempt, and cannot harm it', async () => {
      const attempts: EmitAttempt[] = [];
      events.onEmit(() => {
        throw new Error('of the test');
      });
      events.onEmit((attempt) => void attempts.push(attempt));
      const sent = await emit('open', 1, { timeoutMs: 5 });
      await emit('nothing', 2).catch(() => undefined);
      await events.publishJson('open', '{"a":3}');
      await events.prepare('open', 4)();
      expect(attempts.map(({ channel, data, options }) => [channel, data, options])).toEqual([
        ['open', 1, { timeoutMs: 5 }],
        ['nothing', 2, {}],
        ['open', { a: 3 }, {}],
        ['open', 4, {}],
      ]);
      expect(await attempts[0]?.result).toBe(sent);
      await expect(attempts[1]?.result).rejects.toThrow('not registered');
    });
  });

  describe('stored events', () => {
    it('are serialised once, and published as they are', async () => {
      const { json, tenant } = events.serialise('open', { b: 1, a: 2 });
      expect([json, tenant]).toEqual(['{"b":1,"a":2}', null]);
      expect(() => events.serialise('orders', { id: 5 })).toThrow('does not fit Order');
      await events.publishJson('open', json);
      expect(published).toMatchObject([{ topic: 'open', data: { a: 2, b: 1 } }]);
    });

    it.each<[string, string, object, string]>([
      ['unknown', '1', {}, 'channel is not registered'],
      ['open', `"${'x'.repeat(65_536)}"`, {}, 'data is larger than'],
      ['orders', '{', { invalidEvents: 'drop' }, 'data cannot be read as JSON'],
    ])('on %s cannot be %.20s', async (channel, json, given, problem) => {
      events = create(given);
      await expect(events.publishJson(channel, json)).rejects.toThrow(problem);
    });

    it('of another class are dropped if the option says so', async () => {
      events = create({ invalidEvents: 'drop' });
      expect(await events.publishJson('orders', '{"id":5}')).toMatchObject({ dropped: true });
      expect(await events.publishJson('orders', '{"id":"a","total":1}')).not.toHaveProperty('dropped');
      expect(published).toHaveLength(1);
    });
  });

  it('knows whether a channel has subscribers', async () => {
    await broker.subscribe('open', null);
    expect(await Promise.all(['open', 'plain', 'nothing'].map((name) => events.hasSubscribers(name)))).toEqual([
      ...[true, false, false],
    ]);
    await expect(events.hasSubscribers('open', [] as never)).rejects.toThrow('options must be an object');
  });

  describe('with tenants', () => {
    beforeEach(() => {
      events = create({ tenants: { claim: 'org', eventsPerSecond: 2 } });
    });

    it('publishes to the tenant that is given, or that of the running code', async () => {
      await emit('open', 1, { tenant: 'a' });
      await events.withTenant('b', async () => emit('open', 2));
      await emit('all', 3);
      expect(topics()).toEqual(['a/open', 'b/open', 'all']);
      await expect(emit('open', 4)).rejects.toThrow('tenant is missing');
      await expect(emit('all', 5, { tenant: 'a' })).rejects.toThrow('all is global');
      expect(events.serialise('open', 1, { tenant: 'a' }).tenant).toBe('a');
      expect([counters.byTenant.of('a').published, counters.byTenant.of('b').published]).toEqual([1, 1]);
    });

    it('limits the events of a tenant', async () => {
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => emit('open', 1, { tenant: 'a' })));
      expect(results.map(({ status }) => status)).toEqual([...Array(4).fill('fulfilled'), 'rejected']);
      expect(counters.failedEvents.get('tenant_busy')).toBe(1);
      await emit('open', 1, { tenant: 'b' });
      await Promise.all(Array.from({ length: 10 }, () => emit('all', 1)));
    });
  });
});
