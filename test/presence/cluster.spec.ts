import { setTimeout as delay } from 'node:timers/promises';
import { ClusterBackend } from '../fault/backends/cluster.js';
import type { RealtimeApp } from '../realtime/support/realtime-app.js';
import { enter, enterAndWatch, startInstance, toldSoFar, expectPresent, expectTold } from './support/presence-app.js';

/**
 * Longer than a replica needs to take over: an instance without a report for a lease counts as dead, and its members as
 * gone.
 */
const LEASE = { leaseMs: 15_000, renewMs: 300 };
const ROOMS = ['rooms:lobby', 'rooms:b', 'rooms:c', 'rooms:d', 'rooms:e', 'rooms:f'];

describe('presence and stats over a Redis Cluster', () => {
  let cluster: ClusterBackend;
  const apps: RealtimeApp[] = [];

  beforeAll(async () => {
    cluster = await ClusterBackend.start();
    const addresses = cluster.env()['REALTIME_REDIS_CLUSTER']!.split(',');
    const options = {
      redis: { cluster: addresses },
      lease: LEASE,
      channels: ROOMS.map((name) => ({ name, access: 'authenticated' as const, presence: true })),
    };
    for (let index = 0; index < 2; index += 1) apps.push(await startInstance(null, options));
  }, 90_000);
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await cluster?.stop();
  });

  it('are correct, on any node of the channel’s keys', async () => {
    const [one, two] = apps as [RealtimeApp, RealtimeApp];
    const watcher = await one.connectAs({ sub: 'w' });
    const other = await two.connectAs({ sub: 'u1' });
    for (const room of ROOMS) {
      await enterAndWatch(watcher, room);
      await enter(other, room);
      await expectTold(watcher, 'joined', 'u1');
      await expectPresent(watcher, { w: 1, u1: 1 }, 2, { channel: room });
    }
    const boss = await one.connectAdmin();
    for (;;) {
      const answer = await boss.ask({ type: 'stats' });
      if (answer.type === 'stats' && answer.stats.cluster.users === 3) {
        expect(answer.stats.cluster).toMatchObject({ instances: 2, connections: 3, channels: ROOMS.length });
        expect(answer.stats.channels).toContainEqual({ channel: ROOMS[0], subscribers: 2 });
        break;
      }
      await delay(30);
    }
    await other.close();
    for (const room of ROOMS) await expectPresent(watcher, { w: 1 }, 1, { channel: room });
  }, 30_000);

  it('recover by themselves after the owner of a channel is killed', async () => {
    const [one, two] = apps as [RealtimeApp, RealtimeApp];
    const room = ROOMS[0]!;
    const watcher = await one.connectAs({ sub: 'w2' });
    await enterAndWatch(watcher, room);
    const other = await two.connectAs({ sub: 'stays' });
    await enter(other, room);
    await expectTold(watcher, 'joined', 'stays');
    await cluster.killOwnerOf(room);
    const late = await two.connectAs({ sub: 'late' });
    for (;;) {
      const answer = await late.ask({ type: 'subscribe', channel: room });
      if (answer.type === 'subscribed') break;
      await delay(30);
    }
    const members = { w: 1, w2: 1, stays: 1, late: 1 };
    await expectPresent(watcher, members, 4, { channel: room, milliseconds: 30_000 });
    expect(toldSoFar(watcher)).not.toContain('-stays');
  }, 60_000);
});
