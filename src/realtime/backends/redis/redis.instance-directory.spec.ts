import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisBroker } from './redis.broker.js';
import type { InstanceDirectory } from '../../cluster/instances/instance-directory.js';
import { MemoryInstanceDirectory } from '../memory/memory.instance-directory.js';
import { RedisInstanceDirectory } from './redis.instance-directory.js';
import { RedisProcess } from '../../../../test/support/redis-process.js';
import { within } from '../../../../test/support/within.js';

const LEASE = { leaseMs: 500, renewMs: 100 };

const report = (connections: number): string => `{"connections":${connections}}`;

let redis: RedisProcess;
const brokers: RedisBroker[] = [];

async function join(): Promise<InstanceDirectory> {
  const broker = new RedisBroker({ url: redis.url }, 'rt:');
  brokers.push(broker);
  broker.start();
  const directory = new RedisInstanceDirectory(broker, LEASE);
  const reached = new Promise<void>((resolve) => directory.onReachable(resolve));
  await within(15_000, 'Redis to be reached', reached);
  return directory;
}

beforeAll(async () => {
  redis = await RedisProcess.start();
});
afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
});
afterAll(() => redis.stop());

describe.each(['memory', 'redis'])('the instance directory: %s', (engine) => {
  let directory: InstanceDirectory;

  beforeEach(async () => {
    directory = engine === 'redis' ? await join() : new MemoryInstanceDirectory();
  });
  afterEach(() => directory.leave(0));

  it('is empty before an instance has reported', async () => {
    expect([...(await directory.all())]).toEqual([]);
  });

  it('returns the last report', async () => {
    await directory.announce(report(1));
    await directory.announce(report(2));
    expect([...(await directory.all())]).toEqual([[directory.id, report(2)]]);
    expect(directory.registrations).toBe(1);
  });

  it('considers itself alive, and an unknown instance dead', async () => {
    await directory.announce(report(1));
    expect([...(await directory.living([directory.id, 'nobody']))]).toEqual([directory.id]);
  });

  it('does not list an instance that has left', async () => {
    await directory.announce(report(1));
    await directory.leave(10_000);
    expect((await directory.all()).size).toBe(0);
  });
});

describe('the instance directory in Redis', () => {
  it('lists all instances on each of them', async () => {
    const [one, two] = [await join(), await join()];
    await one.announce(report(1));
    await two.announce(report(2));
    for (const each of [one, two]) {
      const all = await each.all();
      expect(new Set(all.keys())).toEqual(new Set([one.id, two.id]));
      expect(all.get(two.id)).toEqual(report(2));
      expect((await each.living([one.id, two.id])).size).toBe(2);
    }
    await one.leave(10_000);
    expect([...(await two.all()).keys()]).toEqual([two.id]);
    // `leave(10_000)` keeps it alive for another 10 s.
    expect([...(await two.living([one.id]))]).toEqual([one.id]);
    await two.leave(0);
  });

  it('considers a silent instance dead when its lease expires, and drops it', async () => {
    const [one, two] = [await join(), await join()];
    await one.announce(report(1));
    expect((await two.all()).has(one.id)).toBe(true);
    const start = performance.now();
    const isLiving = async (): Promise<boolean> => (await two.living([one.id])).has(one.id);
    while (await isLiving()) await delay(20);
    // The answer "alive" is cached for another second.
    expect(performance.now() - start).toBeLessThan(LEASE.leaseMs + 10_000);
    expect((await two.all()).has(one.id)).toBe(false);

    const client = new Redis(redis.url);
    while ((await client.zscore('rt:nodes', one.id)) !== null) {
      await two.announce(report(2));
      await delay(50);
    }
    client.disconnect();
    await one.announce(report(1));
    expect(one.registrations).toBe(2);
    expect((await two.all()).has(one.id)).toBe(true);
  });

  it('detects that Redis lost its entry', async () => {
    const one = await join();
    await one.announce(report(1));
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    expect((await one.all()).size).toBe(0);
    await one.announce(report(1));
    expect(one.registrations).toBe(2);
    expect((await one.all()).size).toBe(1);
  });

  it('reports that Redis does not answer, within seconds if it is silent', async () => {
    const one = await join();
    redis.signal('SIGSTOP');
    const start = performance.now();
    await expect(one.announce(report(1))).rejects.toMatchObject({ code: 'unavailable' });
    expect(performance.now() - start).toBeLessThan(12_000);
    await expect(one.all()).rejects.toMatchObject({ code: 'unavailable' });
    redis.signal('SIGCONT');
  });
});
