import { jest } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Position } from '../../../protocol/index.js';
import { RedisBroker } from './redis.broker.js';
import { Counters } from '../../observability/counters.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { POSITIONS, PUBLISH, PUBLISH_PLAIN, READ, type Script } from './scripts.js';
import { RedisProcess } from '../../../../test/support/redis-process.js';
import { until } from '../../../../test/support/until.js';
import { describeBroker } from '../../../testing/backend/index.js';

const HISTORY = { size: 10, ttlMs: 60_000 };
const LIMITS = { maxEvents: 100, maxBytes: 1_000_000 };

async function connected(url: string, prefix = 'rt:'): Promise<RedisBroker> {
  const broker = new RedisBroker({ url }, prefix);
  await until(() => broker.status.up);
  return broker;
}

function emit(broker: RedisBroker, body: string, timeoutMs = 5_000): Promise<Position | null> {
  return broker.publish({ topic: 'apps:created', body, history: HISTORY, timeoutMs });
}

describe('over one Redis', () => {
  let redis: RedisProcess;

  beforeAll(async () => void (redis = await RedisProcess.start()));
  afterAll(() => redis.stop());

  describeBroker('RedisBroker', () => connected(redis.url));

  it('reports the events that wait to be acknowledged', async () => {
    const broker = await connected(redis.url, 'waiting:');
    const emitted = emit(broker, 'm');
    expect(broker.health).toMatchObject({ queuedEvents: 1, queuedBytes: 1 });
    await emitted;
    expect(broker.health).toMatchObject({ queuedEvents: 0, queuedBytes: 0 });
    await broker.close();
  });

  it('does not know a second position in the epoch of a topic without events', async () => {
    const broker = await connected(redis.url, 'empty:');
    const begin = await broker.subscribe('apps:created', HISTORY);
    expect(begin!.epoch).toMatch(/^v/);
    await emit(broker, 'first');
    const read = broker.read('apps:created', { ...begin!, offset: 1 }, LIMITS);
    expect(await read).toMatchObject({ ok: false, reason: 'unknown_epoch' });
    await broker.close();
  });

  it('keeps the order of events emitted at once, with and without an idempotency key', async () => {
    const broker = await connected(redis.url, 'at-once:');
    const emitted = Array.from({ length: 300 }, (_, index) =>
      broker.publish({
        ...{ topic: `apps:${index % 2}`, body: String(index), history: HISTORY, timeoutMs: 5_000 },
        ...(index % 7 === 0 ? { idempotencyKey: `key ${index}` } : {}),
      }),
    );
    const offsets = (await Promise.all(emitted)).map((position) => position!.offset);
    expect(offsets).toEqual(offsets.map((_, index) => Math.floor(index / 2) + 1));
    await broker.close();
  });

  it('publishes events once and in order if connections are cut meanwhile', async () => {
    const broker = await connected(redis.url, 'cut:');
    const stranger = new Redis(redis.url);
    const window = { size: 10_000, ttlMs: 60_000 };
    const emitted: Promise<Position | null>[] = [];
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 100; index += 1) {
        const body = String(emitted.length);
        emitted.push(broker.publish({ topic: 'apps:created', body, history: window, timeoutMs: 20_000 }));
      }
      // In every other round, the events that were just written are in flight when the connection is killed.
      if (round % 2 === 0) await stranger.call('CLIENT', 'KILL', 'TYPE', 'normal');
      else await new Promise(setImmediate);
    }
    const offsets = (await Promise.all(emitted)).map((position) => position!.offset);
    expect(offsets).toEqual(offsets.map((_, index) => index + 1));
    const kept = await stranger.lrange('cut:h:{apps:created}', 0, -1);
    expect(kept.map((entry) => entry.split(' ').at(-1))).toEqual(offsets.map((_, index) => String(index)));
    stranger.disconnect();
    await broker.close();
  });

  it('publishes again after an error that precedes any effect, also without history', async () => {
    const broker = await connected(redis.url, 'flushed:');
    const admin = new Redis(redis.url);
    await admin.script('FLUSH');
    const event = { topic: 'apps:created', body: 'x', history: null, timeoutMs: 5_000 };
    await expect(broker.publish(event)).resolves.toBeNull();
    admin.disconnect();
    await broker.close();
  });

  it('rejects an event without history whose reply was lost, because it is unknown whether it was published', async () => {
    const broker = await connected(redis.url, 'unanswered:');
    const admin = new Redis(redis.url);
    const bodies: string[] = [];
    broker.listen({ event: (_channel, { body }) => void bodies.push(body), position: () => undefined });
    await broker.subscribe('apps:created', null);
    await admin.call('CLIENT', 'PAUSE', 30_000, 'WRITE');
    const event = { topic: 'apps:created', history: null, timeoutMs: 20_000 };
    const unanswered = broker.publish({ ...event, body: 'unanswered' });
    unanswered.catch(() => undefined); // checked below
    await new Promise(setImmediate);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
    await until(() => !broker.status.up);
    await admin.call('CLIENT', 'UNPAUSE');
    await expect(unanswered).rejects.toThrow('it is unknown');
    await until(() => broker.status.up);
    await broker.publish({ ...event, body: 'fence' });
    await until(() => bodies.includes('fence'));
    expect(bodies).toEqual(['fence']); // and no second attempt was made
    admin.disconnect();
    await broker.close();
  });

  it('separates installations with different prefixes', async () => {
    const [one, other] = [await connected(redis.url, 'one:'), await connected(redis.url, 'other:')];
    expect((await emit(one, 'a'))!.offset).toBe(1);
    expect((await emit(other, 'b'))!.offset).toBe(1);
    await one.close();
    await other.close();
  });

  it('separates two databases with the same prefix, also in pub/sub, which ignores databases', async () => {
    const [one, other] = await Promise.all([connected(redis.url, 'db:'), connected(`${redis.url}/5`, 'db:')]);
    const received: string[] = [];
    one.listen({ event: (_channel, { body }) => void received.push(`one ${body}`), position: () => undefined });
    other.listen({ event: (_channel, { body }) => void received.push(`other ${body}`), position: () => undefined });
    const publish = (broker: RedisBroker, body: string) =>
      broker.publish({ topic: 'apps:created', body, history: null, timeoutMs: 5_000 });
    for (const broker of [one, other]) await broker.subscribe('apps:created', null);
    await publish(one, 'a');
    await publish(other, 'b');
    await until(() => received.length >= 2);
    expect(received.toSorted()).toEqual(['one a', 'other b']);
    expect(await one.listeners('apps:created')).toBe(1);
    await Promise.all([one.close(), other.close()]);
  });

  it('writes nothing for a channel without events on subscribe, read and latest', async () => {
    const broker = await connected(redis.url, 'names:');
    const admin = new Redis(redis.url);
    await broker.subscribe('apps:first', HISTORY);
    const keys = await admin.keys('names:*');
    for (let index = 0; index < 200; index += 1) {
      const channel = `apps:${index}`;
      const begin = (await broker.subscribe(channel, HISTORY))!;
      expect(await broker.read(channel, begin, LIMITS)).toMatchObject({ ok: true, events: [] });
      expect(await broker.latest(channel, 5)).toEqual([]);
      await broker.unsubscribe(channel);
    }
    expect((await admin.keys('names:*')).sort()).toEqual(keys.sort());
    admin.disconnect();
    await broker.close();
  });

  it('reports the loss of a first event to a subscriber from before it, also after FLUSHDB', async () => {
    const lonely = await RedisProcess.start();
    const broker = await connected(lonely.url);
    const admin = new Redis(lonely.url);
    const begin = (await broker.subscribe('apps:created', HISTORY))!;
    await emit(broker, 'lost');
    await admin.flushdb();
    expect(await broker.read('apps:created', begin, LIMITS)).toMatchObject({ ok: false, reason: 'unknown_epoch' });
    await emit(broker, 'next');
    expect(await broker.read('apps:created', begin, LIMITS)).toMatchObject({ ok: false, reason: 'unknown_epoch' });
    admin.disconnect();
    await broker.close();
    await lonely.stop();
  });

  it('skips and counts foreign messages on its channels, and delivers later events', async () => {
    const counters = new Counters();
    const broker = new RedisBroker({ url: redis.url }, 'foreign:', new ForeignData(counters));
    await until(() => broker.status.up);
    const bodies: string[] = [];
    broker.listen({ event: (_channel, { body }) => void bodies.push(body), position: () => undefined });
    await broker.subscribe('apps:created', HISTORY);
    const stranger = new Redis(redis.url);
    for (const message of ['', 'hello', '- 0 x', 'e 1 zz {}', 'e -1 0000000000000000.1 {}']) {
      await stranger.publish('foreign:c:{apps:created}', message);
    }
    await emit(broker, 'real');
    await until(() => bodies.length > 0);
    expect(bodies).toEqual(['real']);
    expect(counters.foreignMessages).toBe(5);
    stranger.disconnect();
    await broker.close();
  });
});

describe('the publish script', () => {
  let redis: RedisProcess;
  let client: Redis;
  const id = (number: number): string => `00000000deadbeef.${number}`;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    client = new Redis(redis.url);
  });
  beforeEach(() => client.flushall());
  afterAll(async () => {
    client.disconnect();
    await redis.stop();
  });

  const run = ({ lua }: Script, keys: string[], args: (string | number)[]): Promise<unknown> =>
    client.eval(lua, keys.length, ...keys, ...args);
  interface About {
    readonly retry?: boolean;
    readonly floor?: [string, number];
    readonly notAfter?: number;
    readonly key?: string;
  }
  const many = (floor: [string, number], ...events: [number, About?][]) => {
    const keys = events.flatMap(([, about]) => about?.key ?? []);
    const args = events.flatMap(([number, { retry = false, notAfter = Date.now() + 9_999, key } = {}]) => [
      ...[`body ${number}`, id(number), notAfter, retry ? 1 : 0, key === undefined ? 0 : 300_000],
    ]);
    return run(PUBLISH, ['m', 'h', 'data', ...keys], ['c', 3, 60_000, 'fresh', ...floor, ...args]);
  };
  const publish = (number: number, about: About = {}) => many(about.floor ?? ['-', 0], [number, about]);

  it('returns the position of the first attempt for a retry', async () => {
    await publish(1);
    await publish(2);
    expect(await publish(1, { retry: true })).toEqual(['fresh', '3', '0', 'fresh 1']);
    expect(await client.llen('h')).toBe(2);
  });

  it('publishes a retry whose first attempt never arrived', async () => {
    await publish(1);
    expect(await publish(2, { retry: true, floor: ['fresh', 1] })).toEqual(['fresh', '2']);
  });

  it('returns unsure if the first attempt may have been trimmed', async () => {
    for (const number of [1, 2, 3, 4, 5]) await publish(number);
    expect(await publish(1, { retry: true })).toEqual(['fresh', '6', '0', 'unsure']);
    expect(await publish(9, { retry: true, floor: ['fresh', 2] })).toEqual(['fresh', '6']);
    expect(await publish(8, { retry: true, floor: ['fresh', 1] })).toEqual(['fresh', '7', '0', 'unsure']);
    // A floor of a log that no longer exists proves nothing about this log.
    expect(await publish(7, { retry: true, floor: ['gone', 99] })).toEqual(['fresh', '7', '0', 'unsure']);
  });

  it('publishes several events in one step, except those after their deadline', async () => {
    const [early, late] = [Date.now() + 9_999, Date.now() - 1_000];
    const [in1, in2, in3] = [1, 2, 3].map((number) => [number, { notAfter: number === 2 ? late : early }] as const);
    expect(await many(['-', 0], [...in1!], [...in2!], [...in3!])).toEqual(['fresh', '1', '1', 'late']);
    expect(await client.lrange('h', 0, -1)).toEqual([`1 ${id(1)} body 1`, `2 ${id(3)} body 3`]);
    expect(await many(['-', 0], [4, { notAfter: late }])).toEqual(['fresh', '3', '0', 'late']);
    expect(await many(['-', 0], [5], [6], [7])).toEqual(['fresh', '3']);
    expect((await client.lrange('h', 0, -1)).map((entry) => entry.split(' ')[0])).toEqual(['3', '4', '5']);
    expect(await client.pttl('h')).toBeGreaterThan(0);
    expect(await client.pttl('m')).toBeGreaterThan(0);
  });

  it('returns the earlier position of a key, from the same step or an earlier one', async () => {
    expect(await many(['-', 0], [1, { key: 'k' }], [2, { key: 'k' }], [3], [4, { key: 'l' }])).toEqual([
      ...['fresh', '1', '1', 'fresh 1'],
    ]);
    expect(await client.llen('h')).toBe(3);
    expect(await many(['-', 0], [5, { key: 'l' }], [6])).toEqual(['fresh', '4', '0', 'fresh 3']);
    expect(await client.pttl('k')).toBeGreaterThan(0);
  });

  it('keeps the order of retries and later events in one step', async () => {
    await publish(1);
    await publish(2);
    const retry = { retry: true };
    expect(await many(['fresh', 1], [2, retry], [3, retry], [4])).toEqual(['fresh', '3', '0', 'fresh 2']);
    expect((await client.lrange('h', 0, -1)).map((entry) => entry.split(' ').at(-1))).toEqual(['2', '3', '4']);
  });

  it('rejects an event after its deadline', async () => {
    expect(await publish(1, { notAfter: Date.now() - 1_000 })).toEqual(['fresh', '1', '0', 'late']);
    expect(await client.exists('h')).toBe(0);
  });

  it('returns the position of the first attempt for a retry after its deadline, and late only if there was none', async () => {
    const notAfter = Date.now() - 1_000;
    for (const number of [1, 2, 3]) await publish(number);
    expect(await publish(2, { retry: true, notAfter })).toEqual(['fresh', '4', '0', 'fresh 2']);
    expect(await publish(9, { retry: true, notAfter, floor: ['fresh', 3] })).toEqual(['fresh', '4', '0', 'late']);
    await publish(4);
    expect(await publish(1, { retry: true, notAfter })).toEqual(['fresh', '5', '0', 'unsure']);
    expect(await client.llen('h')).toBe(3);
  });

  it('returns the earlier position of a key, also after the deadline', async () => {
    const notAfter = Date.now() - 1_000;
    await publish(1, { key: 'k' });
    expect(await publish(2, { key: 'k', notAfter })).toEqual(['fresh', '2', '0', 'fresh 1']);
    const plain = (number: number, deadline: number) =>
      run(PUBLISH_PLAIN, ['m', 'plain'], ['c', 'fresh', `body ${number}`, id(number), deadline, 300_000]);
    expect(await plain(1, notAfter)).toEqual(['0']);
    expect(await plain(1, Date.now() + 9_999)).toEqual([]);
    expect(await plain(2, notAfter)).toEqual([]);
  });
});

describe('the position of a channel without events', () => {
  let redis: RedisProcess;
  let client: Redis;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    client = new Redis(redis.url);
  });
  beforeEach(() => client.flushall());
  afterAll(async () => {
    client.disconnect();
    await redis.stop();
  });

  const run = ({ lua }: Script, keys: string[], args: (string | number)[]): Promise<unknown> =>
    client.eval(lua, keys.length, ...keys, ...args);
  const position = async () => ((await run(POSITIONS, ['data', 'm', 'h'], ['abcdefabcdef'])) as [string, string])[0];
  const read = (epoch: string, offset = 0) =>
    run(READ, ['m', 'h', 'data'], ['abcdefabcdef', epoch, offset, 10, 1_000]) as Promise<string[]>;
  const publish = (number: number) =>
    run(
      PUBLISH,
      ['m', 'h', 'data'],
      ['c', 9, 60_000, 'fresh', '-', 0, 'body', `00000000deadbeef.${number}`, 9e15, 0, 0],
    );
  const older = (epoch: string, hours: number) => epoch.replace(/\d+$/, (hour) => String(Number(hour) - hours));

  it('is before the first event, no matter how often it was read', async () => {
    const begin = await position();
    expect(await read(begin)).toEqual(['ok', begin, '0']);
    await publish(1);
    expect((await read(begin)).slice(0, 3)).toEqual(['ok', 'fresh', '1']);
    expect(await read(begin, 1)).toEqual(['unknown_epoch', 'fresh', '1']);
  });

  it('is valid for less than a day, because an older log could have come and gone', async () => {
    const begin = await position();
    expect((await read(older(begin, 23)))[0]).toBe('ok');
    expect((await read(older(begin, 24)))[0]).toBe('unknown_epoch');
    expect((await read(older(begin, -1)))[0]).toBe('unknown_epoch');
    await publish(1);
    expect((await read(older(begin, 23)))[0]).toBe('ok');
    expect((await read(older(begin, 24)))[0]).toBe('unknown_epoch');
  });

  it('does not match a log that started with other data', async () => {
    const begin = await position();
    await client.flushall();
    await publish(1);
    await run(POSITIONS, ['data', 'm', 'h'], ['012345012345']);
    expect(await read(begin.replace('abcdefabcdef', '012345012345'))).toEqual(['unknown_epoch', 'fresh', '1']);
  });
});

describe('an epoch', () => {
  const waitForInfo = async (client: Redis, pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(await client.info('replication'));
      if (found !== null) return found[1]!;
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
  };

  /** The backlog TTL is a second instead of an hour. */
  const pair = () =>
    Promise.all(
      [1, 2].map(() => RedisProcess.start({ 'repl-backlog-ttl': '1', 'repl-diskless-sync-delay': '0' })),
    ) as Promise<[RedisProcess, RedisProcess]>;

  it('continues on a master whose last replica left: its replication id changes, but nothing is lost', async () => {
    const [redis, replica] = await pair();
    const broker = await connected(redis.url);
    const [master, other] = [new Redis(redis.url), new Redis(replica.url)];
    await other.replicaof('127.0.0.1', String(redis.port));
    await waitForInfo(master, /state=(online)/);
    const first = (await emit(broker, 'a'))!;
    const before = await waitForInfo(master, /master_replid:(\w+)/);
    await other.replicaof('NO', 'ONE');
    await waitForInfo(master, new RegExp(`master_replid:(?!${before})(\\w+)`));
    const second = (await emit(broker, 'b'))!;
    expect(second).toEqual({ epoch: first.epoch, offset: 2 });
    expect(await broker.read('apps:created', first, LIMITS)).toMatchObject({ ok: true, events: [{ body: 'b' }] });
    await broker.close();
    for (const client of [master, other]) client.disconnect();
    await Promise.all([redis.stop(), replica.stop()]);
  });

  it('ends on a master that followed another master meanwhile, although its process is the same', async () => {
    const [redis, replica] = await pair();
    const broker = await connected(redis.url);
    const [one, other] = [new Redis(redis.url), new Redis(replica.url)];
    const first = (await emit(broker, 'a'))!;
    await other.replicaof('127.0.0.1', String(redis.port));
    await waitForInfo(one, /state=(online)/);
    await other.replicaof('NO', 'ONE');
    await emit(broker, 'acknowledged, and lost');
    await one.replicaof('127.0.0.1', String(replica.port));
    await waitForInfo(one, /master_link_status:(up)/);
    await one.replicaof('NO', 'ONE');
    await waitForInfo(one, /master_replid2:(0+)\s/); // as if it had never been a replica
    await until(() => broker.status.up);
    expect(await broker.read('apps:created', first, LIMITS)).toMatchObject({ ok: false, reason: 'unproven' });
    await broker.close();
    for (const client of [one, other]) client.disconnect();
    await Promise.all([redis.stop(), replica.stop()]);
  });

  it('ends with an event that another instance published without history, because no offset shows that it was missed', async () => {
    const redis = await RedisProcess.start();
    const broker = await connected(redis.url);
    const plain = () => broker.publish({ topic: 'apps:created', body: 'p', history: null, timeoutMs: 5_000 });
    const begin = (await broker.subscribe('apps:created', HISTORY))!;
    await plain();
    expect(await broker.read('apps:created', begin, LIMITS)).toMatchObject({ ok: false, reason: 'unknown_epoch' });
    const kept = (await emit(broker, 'a'))!;
    expect(await broker.read('apps:created', { ...kept, offset: kept.offset - 1 }, LIMITS)).toMatchObject({ ok: true });
    await plain();
    await plain();
    expect(await broker.read('apps:created', kept, LIMITS)).toMatchObject({ ok: false, reason: 'unknown_epoch' });
    await broker.close();
    await redis.stop();
  });
});

describe('when Redis is restarted', () => {
  it('with its data: offsets continue under a new epoch, and all readers of the old one are notified', async () => {
    const redis = await RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' });
    const broker = await connected(redis.url);
    const first = (await emit(broker, 'a'))!;
    const second = (await emit(broker, 'b'))!;
    await redis.restart();
    const third = (await emit(broker, 'c'))!;
    expect(third.epoch).not.toBe(second.epoch);
    expect(third.offset).toBe(3);
    await until(() => broker.status.up);
    for (const before of [first, second]) {
      const answer = { ok: false, reason: 'unproven', top: third };
      expect(await broker.read('apps:created', before, LIMITS)).toEqual(answer);
    }
    expect(await broker.read('apps:created', third, LIMITS)).toMatchObject({ ok: true });
    const beyond = { epoch: second.epoch, offset: 3 };
    expect(await broker.read('apps:created', beyond, LIMITS)).toMatchObject({
      ok: false,
      reason: 'rewound',
      top: third,
    });
    await broker.close();
    await redis.stop();
  });

  it('without its data: a fresh epoch starts from 1, and readers of the old one are notified', async () => {
    const redis = await RedisProcess.start();
    const broker = await connected(redis.url);
    const before = (await emit(broker, 'a'))!;
    await redis.restart();
    const after = (await emit(broker, 'b'))!;
    expect(after.offset).toBe(1);
    await until(() => broker.status.up);
    expect(await broker.read('apps:created', before, LIMITS)).toMatchObject({ ok: false, reason: 'unknown_epoch' });
    await broker.close();
    await redis.stop();
  });

  it('continues to deliver events on channels that were subscribed before', async () => {
    const redis = await RedisProcess.start();
    const broker = await connected(redis.url);
    const bodies: string[] = [];
    const positions: number[] = [];
    broker.listen({
      event: (_channel, { body }) => void bodies.push(body),
      position: (_channel, { offset }) => void positions.push(offset),
    });
    await broker.subscribe('apps:created', HISTORY);
    await redis.restart();
    positions.length = 0;
    await until(() => positions.length > 0); // subscribed again, with its position read
    await emit(broker, 'after');
    await until(() => bodies.length > 0);
    expect(bodies).toEqual(['after']);
    await broker.close();
    await redis.stop();
  });
});

describe('when Redis is unavailable', () => {
  it('reports it, rejects an emit at its deadline, and does not publish it later', async () => {
    const redis = await RedisProcess.start({ appendonly: 'yes' });
    const broker = await connected(redis.url);
    await redis.kill();
    await until(() => !broker.status.up);
    expect(broker.status.reason).toMatch(/^Redis is unavailable: /);
    await expect(emit(broker, 'lost', 300)).rejects.toThrow('Not published in time');
    await redis.restart();
    expect((await emit(broker, 'next'))!.offset).toBe(1);
    await broker.close();
    await redis.stop();
  });

  it.each([
    ['is not set', 0],
    ['is set an hour ahead', 3_600_000],
    ['is set an hour back', -3_600_000],
  ])('publishes nothing after rejecting it, and rejects nothing else, if the clock %s', async (_how, step) => {
    const redis = await RedisProcess.start();
    const broker = await connected(redis.url);
    const { now } = Date;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + step);
    try {
      expect((await emit(broker, 'first', 2_000))!.offset).toBe(1);
      redis.signal('SIGSTOP');
      // The script is in transit, and Redis runs it after SIGCONT.
      await expect(emit(broker, 'late', 300)).rejects.toThrow('it may have been published');
      redis.signal('SIGCONT');
      expect((await emit(broker, 'next'))!.offset).toBe(2);
    } finally {
      clock.mockRestore();
      await broker.close();
      await redis.stop();
    }
  });

  it('publishes events that were emitted meanwhile, in order, once it is back', async () => {
    const redis = await RedisProcess.start({ appendonly: 'yes' });
    const broker = await connected(redis.url);
    await redis.kill();
    await until(() => !broker.status.up);
    const emitted = ['a', 'b', 'c'].map((body) => emit(broker, body));
    await redis.restart();
    expect((await Promise.all(emitted)).map((position) => position!.offset)).toEqual([1, 2, 3]);
    await broker.close();
    await redis.stop();
  });

  it('limits the number of waiting events', async () => {
    const broker = new RedisBroker({ url: 'redis://127.0.0.1:1' }, 'rt:');
    const waiting = Array.from({ length: 20_000 }, () => emit(broker, 'x').catch((error: Error) => error));
    await expect(emit(broker, 'one too many')).rejects.toThrow('The queue to Redis is full');
    await broker.close();
    expect(await Promise.all(waiting)).toHaveLength(20_000);
  });
});

describe('an unusable Redis', () => {
  it('that is a replica is reported, and retried until it is a master', async () => {
    const master = await RedisProcess.start();
    const replica = await RedisProcess.start({ replicaof: `127.0.0.1 ${master.port}` });
    const broker = new RedisBroker({ url: replica.url }, 'rt:');
    await until(() => /replica, not a master/.test(broker.status.reason ?? ''));
    const client = new Redis(replica.url);
    await client.replicaof('NO', 'ONE');
    await until(() => broker.status.up);
    expect((await emit(broker, 'a'))!.offset).toBe(1);
    client.disconnect();
    await broker.close();
    await replica.stop();
    await master.stop();
  });

  it('with another password is reported', async () => {
    const redis = await RedisProcess.start();
    const client = new Redis(redis.url);
    await client.config('SET', 'requirepass', 'right');
    client.disconnect();
    const broker = new RedisBroker({ url: `redis://:wrong@127.0.0.1:${redis.port}` }, 'rt:');
    await until(() => /WRONGPASS/.test(broker.status.reason ?? ''));
    expect(broker.status.reason).not.toContain('wrong@');
    await broker.close();
    await redis.stop();
  });
});
