import { setTimeout as delay } from 'node:timers/promises';
import { SentinelBackend } from '../fault/backends/sentinel.js';
import type { RealtimeApp } from '../realtime/support/realtime-app.js';
import {
  enter,
  enterAndWatch,
  expectPresent,
  expectTold,
  ROOM,
  SHORT_LEASE,
  startInstance,
} from './support/presence-app.js';

describe('presence over a master that Sentinels watch', () => {
  let backend: SentinelBackend;
  const apps: RealtimeApp[] = [];

  beforeAll(async () => {
    backend = await SentinelBackend.start();
    const sentinels = backend.env()['REALTIME_REDIS_SENTINELS']!.split(',');
    for (let index = 0; index < 2; index += 1) {
      apps.push(await startInstance(null, { redis: { sentinels }, lease: SHORT_LEASE }));
    }
  }, 60_000);
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await backend?.stop();
  });

  it('is correct across instances, and again after a failover', async () => {
    const [one, two] = apps as [RealtimeApp, RealtimeApp];
    const watcher = await one.connectAs({ sub: 'w' });
    await enterAndWatch(watcher, ROOM);
    const other = await two.connectAs({ sub: 'stays' });
    await enter(other, ROOM);
    await expectTold(watcher, 'joined', 'stays');
    await backend.failOver();
    const late = await two.connectAs({ sub: 'late' });
    while ((await late.ask({ type: 'subscribe', channel: ROOM })).type !== 'subscribed') await delay(30);
    await expectPresent(watcher, { w: 1, stays: 1, late: 1 }, 3, { milliseconds: 30_000 });
    await other.close();
    await expectPresent(watcher, { w: 1, late: 1 }, 2, { milliseconds: 30_000 });
  }, 90_000);
});
