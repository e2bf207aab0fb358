import { setTimeout as delay } from 'node:timers/promises';
import type { Stats } from '../../src/protocol/stats.js';
import type { RealtimeApp } from '../realtime/support/realtime-app.js';
import { startInstance } from '../presence/support/presence-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { within } from '../support/within.js';
import type { WsClient } from '../support/ws-client.js';

const LEASE = { leaseMs: 1_000, renewMs: 200 };

async function statsFrom(boss: WsClient): Promise<Stats> {
  const answer = await boss.ask({ type: 'stats' });
  if (answer.type !== 'stats') throw new Error(JSON.stringify(answer));
  return answer.stats;
}

/** Waits for matching stats, because the numbers of other instances are as old as their last report. */
async function until(boss: WsClient, fits: (stats: Stats) => boolean): Promise<Stats> {
  let last: Stats | undefined;
  const over = new AbortController();
  const watch = async (): Promise<Stats> => {
    for (;;) {
      last = await statsFrom(boss);
      if (fits(last) || over.signal.aborted) return last;
      await delay(30);
    }
  };
  try {
    return await within(10_000, () => `stats to fit; last: ${JSON.stringify(last)}`, watch());
  } finally {
    over.abort();
  }
}

describe('stats of the cluster', () => {
  let redis: RedisProcess;
  let one: RealtimeApp;
  let two: RealtimeApp;

  beforeEach(async () => {
    redis = await RedisProcess.start();
    [one, two] = await Promise.all([
      startInstance(redis.url, { lease: LEASE }),
      startInstance(redis.url, { lease: LEASE }),
    ]);
  });
  afterEach(async () => {
    await Promise.all([one.close(), two.close()]);
    await redis.stop();
  });

  it('add up the numbers of all instances', async () => {
    const boss = await one.connectAdmin();
    const here = await one.connectAs({ sub: 'u1' });
    const there = await Promise.all([two.connectAs({ sub: 'u1' }), two.connectAs({ sub: 'u2' })]);
    const guest = await two.connect();
    await guest.next('connected');
    await here.ask({ type: 'subscribe', channel: 'apps:created' });
    for (const client of there) await client.ask({ type: 'subscribe', channel: 'apps:created' });
    await there[0].ask({ type: 'subscribe', channel: 'apps:updated' });
    await one.events.emit('apps:created', { id: '1', name: 'one' });
    await two.events.emit('apps:deleted', { id: '1' });
    for (const client of [here, ...there]) await client.next('event');

    const stats = await until(boss, ({ cluster }) => cluster.delivered === 3 && cluster.published === 2);
    expect(stats.instance).toMatchObject({ connections: 2, users: 2, channels: 1, subscriptions: 1, published: 1 });
    expect(stats.cluster).toEqual({
      connections: 5,
      anonymous: 1,
      users: 3, // boss, u1 on both, u2
      channels: 2, // apps:created on both, apps:updated
      subscriptions: 4,
      published: 2,
      delivered: 3,
      slowConsumersClosed: 0,
      uptimeMs: expect.any(Number) as number,
      instances: 2,
    });
    expect(stats.channels).toEqual([
      { channel: 'apps:created', subscribers: 3 },
      { channel: 'apps:updated', subscribers: 1 },
    ]);
  });

  it('have current numbers of the answering instance, and drop an instance at once when it leaves', async () => {
    const boss = await one.connectAdmin();
    await until(boss, ({ cluster }) => cluster.instances === 2);
    await one.connectAs({ sub: 'u9' });
    expect((await statsFrom(boss)).cluster.users).toBe(2);
    await two.close();
    expect((await statsFrom(boss)).cluster).toMatchObject({ instances: 1, connections: 2 });
  });

  it('cover only this instance while Redis is down or silent, within a second, and all instances again after that', async () => {
    const boss = await one.connectAdmin();
    await until(boss, ({ cluster }) => cluster.instances === 2);
    redis.signal('SIGSTOP');
    const start = performance.now();
    expect(await statsFrom(boss)).toMatchObject({ instance: { connections: 1 }, cluster: { instances: 1 } });
    expect(performance.now() - start).toBeLessThan(9_000);
    redis.signal('SIGCONT');
    await until(boss, ({ cluster }) => cluster.instances === 2);
    await redis.kill();
    expect((await statsFrom(boss)).cluster.instances).toBe(1);
  });
});
