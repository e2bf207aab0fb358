import { jest } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Position } from '../../../protocol/index.js';
import { MemoryBroker } from '../memory/memory.broker.js';
import { RedisBroker } from './redis.broker.js';
import type { Broker } from '../../broker/broker.js';
import { RedisProcess } from '../../../../test/support/redis-process.js';
import { until } from '../../../../test/support/until.js';

const LIMITS = { maxEvents: 10, maxBytes: 65_536 };
const DAY_MS = 86_400_000;

describe('pages of a history in Redis', () => {
  let redis: RedisProcess;
  let broker: RedisBroker;
  let stranger: Redis;

  beforeAll(async () => {
    redis = await RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' });
    broker = new RedisBroker({ url: redis.url }, 'rt:');
    stranger = new Redis(redis.url);
    await until(() => broker.status.up);
  });
  afterAll(async () => {
    await broker?.close();
    stranger?.disconnect();
    await redis?.stop();
  });

  const emit = async (topic: string, ttlMs = 60_000): Promise<Position> =>
    (await broker.publish({ topic, body: 'x', history: { size: 10, ttlMs }, timeoutMs: 10_000 }))!;
  const page = (topic: string, before: Position | null) => broker.page(topic, before, LIMITS);

  it('continue across a restart, from a position up to which the log was kept', async () => {
    const positions = [await emit('kept'), await emit('kept'), await emit('kept')];
    await redis.restart();
    await until(() => broker.status.up);
    const fourth = await emit('kept');
    expect(fourth.epoch).not.toBe(positions[0]!.epoch);
    const found = await page('kept', positions[2]!);
    expect(found?.events.map(({ position }) => position)).toEqual([1, 2].map((offset) => ({ ...fourth, offset })));
    // An event beyond the kept log may have been lost, and with it others before.
    expect(await page('kept', { ...positions[2]!, offset: 4 })).toBeNull();
    await stranger.flushdb();
    await emit('kept');
    expect(await page('kept', positions[2]!)).toBeNull();
  });

  it('end at an entry that no instance wrote', async () => {
    for (let count = 0; count < 3; count += 1) await emit('foreign');
    const [, second] = await stranger.lrange('rt:h:{foreign}', 0, -1);
    await stranger.lset('rt:h:{foreign}', 1, '2 written by hand');
    expect(await page('foreign', null)).toMatchObject({ events: [{ position: { offset: 3 } }], more: false });
    await stranger.lset('rt:h:{foreign}', 1, `7${second!.slice(1)}`);
    expect(await page('foreign', null)).toMatchObject({ events: [{ position: { offset: 3 } }], more: false });
  });

  it('last longer than a day if the history does', async () => {
    await emit('lasting', 3 * DAY_MS);
    await page('lasting', null);
    await broker.read('lasting', { epoch: 'x', offset: 0 }, LIMITS);
    await broker.subscribe('lasting', { size: 10, ttlMs: 3 * DAY_MS });
    for (const key of ['m', 'h']) expect(await stranger.pttl(`rt:${key}:{lasting}`)).toBeGreaterThan(2 * DAY_MS);
    await emit('short');
    expect(await stranger.pttl('rt:m:{short}')).toBeLessThanOrEqual(DAY_MS);
  });
});

it('keeps an event in memory for longer than a day if its history does', async () => {
  jest.useFakeTimers({ doNotFake: ['performance'] });
  let now = 0;
  const broker: Broker = new MemoryBroker(() => now);
  await broker.publish({ topic: 'lasting', body: 'x', history: { size: 1, ttlMs: 3 * DAY_MS }, timeoutMs: 1_000 });
  now = 2 * DAY_MS;
  jest.advanceTimersByTime(60_000); // the sweep
  expect(await broker.latest('lasting', 1)).toHaveLength(1);
  now = 5 * DAY_MS;
  expect(await broker.latest('lasting', 1)).toEqual([]);
  await broker.close();
});
