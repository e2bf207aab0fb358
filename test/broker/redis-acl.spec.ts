import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { RedisBroker } from '../../src/realtime/backends/redis/redis.broker.js';
import { REDIS_INTERVALS, type RedisIntervals } from '../../src/realtime/backends/redis/redis-intervals.js';
import { PUBLISH } from '../../src/realtime/backends/redis/scripts.js';
import { RealtimeControl } from '../../src/realtime/cluster/control/realtime-control.service.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { ForeignData } from '../../src/realtime/observability/foreign-data.js';
import { enter, enterAndWatch, expectPresent, expectTold, startInstance } from '../presence/support/presence-app.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { connect } from '../support/ws-client.js';
import { describeBroker } from '../../src/testing/backend/index.js';

describe('the ACL of docs/redis.md', () => {
  let redis: RedisProcess;
  let admin: Redis;
  let rules: string[];

  beforeAll(async () => {
    redis = await RedisProcess.start();
    admin = new Redis(redis.url);
    const [, line] = /^ACL SETUSER realtime (.+)$/m.exec(await readFile('docs/redis.md', 'utf8'))!;
    rules = line!.split(' ');
  });
  beforeEach(async () => void (await admin.call('ACL', 'SETUSER', 'realtime', 'reset', ...rules)));
  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });

  const start = (times: RedisIntervals = REDIS_INTERVALS): RedisBroker =>
    new RedisBroker(
      { url: redis.url.replace('//', '//realtime:secret@') },
      'rt:',
      new ForeignData(new Counters()),
      times,
    );

  describeBroker('RedisBroker with the ACL', async () => {
    const broker = start();
    await until(() => broker.status.up);
    return broker;
  });

  it.each(['-subscribe', '-time', '-script|load', '-info', 'resetchannels'])(
    'reports a missing permission (%s), and retries until it is granted',
    async (taken) => {
      await admin.call('ACL', 'SETUSER', 'realtime', taken);
      const broker = start();
      await until(() => /Redis is unavailable: .*NOPERM/.test(broker.status.reason ?? ''));
      expect(broker.status.up).toBe(false);
      await admin.call('ACL', 'SETUSER', 'realtime', ...rules);
      await until(() => broker.status.up);
      await broker.close();
    },
  );

  it('is enough for the whole module: presence, stats, tickets, revocations', async () => {
    await admin.call('ACL', 'LOG', 'RESET');
    const url = redis.url.replace('//', '//realtime:secret@');
    const [one, two] = [await startInstance(url), await startInstance(url)];
    try {
      const watcher = await one.connectAs({ sub: 'w' });
      await enterAndWatch(watcher);
      const other = await two.connectAs({ sub: 'u1', jti: 'its session' });
      await enter(other);
      await expectTold(watcher, 'joined', 'u1');
      await expectPresent(watcher, { w: 1, u1: 1 }, 2);
      const headers = { Authorization: `Bearer ${signToken({ sub: 'u2' })}` };
      const answer = await fetch(`${one.http}/realtime/tickets`, { method: 'POST', headers });
      const { ticket } = (await answer.json()) as { ticket: string };
      const byTicket = await connect(`${two.url}?ticket=${ticket}`);
      expect((await byTicket.next('connected')).user).toMatchObject({ userId: 'u2' });
      const boss = await one.connectAdmin();
      expect(await boss.ask({ type: 'stats' })).toMatchObject({ stats: { cluster: { instances: 2 } } });
      await one.app.get(RealtimeControl).revokeSession('its session');
      await expectTold(watcher, 'left', 'u1');
      const late = await startInstance(url);
      const again = await connect(late.url, { token: signToken({ sub: 'u1', jti: 'its session' }) });
      expect(await again.next('error')).toMatchObject({ code: 'token_invalid' });
      await late.close();
      expect(await admin.call('ACL', 'LOG')).toEqual([]);
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });

  it.each(['-evalsha', '-rpush', '-lrange', '-publish', '-hset'])(
    'is not ready while a command of the scripts is forbidden (%s), even if nothing is emitted and PING works',
    async (taken) => {
      const broker = start({ ...REDIS_INTERVALS, probeMs: 50, selfPingMs: 50 });
      await until(() => broker.status.up);
      await admin.call('ACL', 'SETUSER', 'realtime', taken);
      await until(() => !broker.status.up);
      expect(broker.status.reason).toMatch(/^Redis accepts no events: its user lacks permissions: see the ACL/);
      await admin.call('ACL', 'SETUSER', 'realtime', ...rules);
      await until(() => broker.status.up);
      await broker.close();
    },
  );

  it('is not ready while Redis is out of memory', async () => {
    const broker = start({ ...REDIS_INTERVALS, probeMs: 50, selfPingMs: 50 });
    await until(() => broker.status.up);
    await admin.config('SET', 'maxmemory', '1');
    await until(() => /^Redis accepts no events: .*OOM/.test(broker.status.reason ?? ''));
    await admin.config('SET', 'maxmemory', '0');
    await until(() => broker.status.up);
    expect(broker.status).toEqual({ up: true });
    await broker.close();
  });

  it('loads its scripts again after SCRIPT FLUSH, even if nothing is emitted', async () => {
    const broker = start({ ...REDIS_INTERVALS, probeMs: 50, selfPingMs: 50 });
    await until(() => broker.status.up);
    await admin.script('FLUSH');
    await until(() => !broker.status.up);
    await until(() => broker.status.up);
    expect(await admin.script('EXISTS', PUBLISH.sha)).toEqual([1]);
    await broker.close();
  });

  it('without a command of the scripts (-rpush), is not ready from the start, and rejects an emit with the error of Redis', async () => {
    await admin.call('ACL', 'SETUSER', 'realtime', '-rpush');
    const broker = start();
    await until(() => /can't run this command/.test(broker.status.reason ?? ''));
    const event = { topic: 'apps:created', body: 'x', history: { size: 1, ttlMs: 1_000 }, timeoutMs: 5_000 };
    await expect(broker.publish(event)).rejects.toThrow(/^Redis refused the event: .*can't run this command/);
    await broker.close();
  });
});
