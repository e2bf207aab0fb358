import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { Lease } from '../../src/realtime/cluster/instances/lease.js';
import { RealtimeClock, RealtimeControl } from '../../src/realtime/index.js';
import type { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import type { Child } from '../support/child.js';
import { RedisProcess } from '../support/redis-process.js';
import { connect, type WsClient } from '../support/ws-client.js';
import {
  enter,
  enterAndWatch,
  ROOM,
  SHORT_LEASE,
  startChildInstance,
  startInstance,
  toldSoFar,
  expectPresent,
  expectStates,
  expectTold,
  showState,
  type PresenceOptions,
} from './support/presence-app.js';

describe('presence of several instances', () => {
  let redis: RedisProcess;
  const apps: RealtimeApp[] = [];
  const children: Child[] = [];

  beforeEach(async () => {
    redis = await RedisProcess.start();
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.stop('SIGKILL')));
    await Promise.all(apps.splice(0).map((app) => app.close()));
    await redis.stop();
  });

  const start = async (options: PresenceOptions = {}): Promise<RealtimeApp> => {
    const app = await startInstance(redis.url, options);
    apps.push(app);
    return app;
  };
  const startChild = async () => {
    const instance = await startChildInstance(redis.url, { lease: SHORT_LEASE });
    children.push(instance.child);
    return instance;
  };
  const startTwo = async (options: PresenceOptions = {}) => [await start(options), await start(options)] as const;

  it('sums users, their connections and anonymous ones, with the same result on each', async () => {
    const [one, two] = await startTwo();
    const clients = [
      await one.connectAs({ sub: 'u1' }),
      await two.connectAs({ sub: 'u1' }),
      await two.connectAs({ sub: 'u2' }),
      await one.connect(),
      await two.connect(),
    ];
    for (const client of clients) await enter(client, 'announcements');
    for (const client of clients) await expectPresent(client, { u1: 2, u2: 1 }, 4, { channel: 'announcements' });
    await clients[1]!.close();
    await clients[4]!.close();
    await expectPresent(clients[0]!, { u1: 1, u2: 1 }, 3, { channel: 'announcements' });
    await expectPresent(clients[2]!, { u1: 1, u2: 1 }, 3, { channel: 'announcements' });
  });

  it('notifies a watcher once about each join and leave on another instance', async () => {
    const [one, two] = await startTwo();
    const watcher = await one.connectAs({ sub: 'w' });
    await enterAndWatch(watcher);
    const tabs = [await two.connectAs({ sub: 'u1' }), await two.connectAs({ sub: 'u1' })];
    for (const tab of tabs) await enter(tab);
    await expectTold(watcher, 'joined', 'u1');
    await tabs[0]!.ask({ type: 'unsubscribe', channel: ROOM });
    await tabs[1]!.close();
    await expectTold(watcher, 'left', 'u1');
    expect(toldSoFar(watcher)).toEqual(['+u1', '-u1']);
  });

  it('does not flap when a page reconnects to another instance', async () => {
    // So long that a busy machine does not end it.
    const presenceGraceMs = 20_000;
    const [one, two] = await startTwo({ presenceGraceMs });
    const watcher = await one.connectAs({ sub: 'w' });
    await enterAndWatch(watcher);
    const page = await one.connectAs({ sub: 'u1' });
    await enter(page);
    await expectTold(watcher, 'joined', 'u1');
    page.terminate();
    // A later join shows that earlier changes were processed.
    await enter(await one.connectAs({ sub: 'x' }));
    await expectTold(watcher, 'joined', 'x');
    const again = await two.connectAs({ sub: 'u1' });
    await enter(again);
    // The user counts on this instance during the grace period, and on the other one after that.
    await expectPresent(watcher, { w: 1, x: 1, u1: 1 }, 3);
    one.app.get(RealtimeClock).advance(presenceGraceMs);
    await again.ask({ type: 'unsubscribe', channel: ROOM });
    await expectTold(watcher, 'left', 'u1');
    expect(toldSoFar(watcher)).toEqual(['+u1', '+x', '-u1']);
  });

  it('removes a member whose permission is revoked on another instance', async () => {
    const admins = 'system:alerts';
    const [one, two] = await startTwo({ channels: [{ name: admins, presence: true }] });
    const boss = await one.connectAdmin();
    await enterAndWatch(boss, admins);
    const deputy = await two.connectAs({ sub: 'deputy', role: 'admin' });
    await enter(deputy, admins);
    await expectTold(boss, 'joined', 'deputy');
    await deputy.ask({ type: 'auth', token: signToken({ sub: 'deputy', role: 'user' }) });
    await expectTold(boss, 'left', 'deputy');

    const other = await two.connectAs({ sub: 'other', role: 'admin' });
    await enter(other, admins);
    await expectTold(boss, 'joined', 'other');
    await one.app.get(RealtimeControl).disconnectUser('other');
    await expectTold(boss, 'left', 'other');
  });

  it.each([
    { presenceGraceMs: 4_000, reconnectSpreadMs: 0 },
    { presenceGraceMs: 0, reconnectSpreadMs: 4_000 },
  ])('does not flap when an instance drains and its pages reconnect elsewhere: %j', async (options) => {
    const [one, two] = await startTwo({ ...options, lease: SHORT_LEASE });
    const watcher = await one.connectAs({ sub: 'w' });
    await enterAndWatch(watcher);
    const page = await two.connectAs({ sub: 'u1' });
    const other = await two.connectAs({ sub: 'gone' });
    await enter(page);
    await enter(other);
    await expectTold(watcher, 'joined', 'gone');
    await two.close();
    await enter(await one.connectAs({ sub: 'x' }));
    await expectTold(watcher, 'joined', 'x');
    const again = await one.connectAs({ sub: 'u1' });
    await enter(again);
    await expectTold(watcher, 'left', 'gone');
    expect(toldSoFar(watcher).toSorted()).toEqual(['+gone', '+u1', '+x', '-gone']);
    await expectPresent(watcher, { w: 1, x: 1, u1: 1 }, 3);
  });

  it('removes members of a killed instance after its lease, except those who reconnected, and their states', async () => {
    const watching = await start({ lease: SHORT_LEASE });
    const { child, url } = await startChild();
    const watcher = await watching.connectAs({ sub: 'w' });
    await enterAndWatch(watcher);
    const [stays, returns] = await Promise.all(
      ['stays', 'returns'].map((sub) => connect(url, { token: signToken({ sub }) })),
    );
    await enter(stays!);
    await enter(returns!);
    await expectPresent(watcher, { w: 1, stays: 1, returns: 1 }, 3);
    for (const client of [stays!, returns!]) await showState(client, 'before');
    await expectStates(watcher, { w: null, stays: 'before', returns: 'before' });

    const killedAt = performance.now();
    await child.stop('SIGKILL');
    const again = await watching.connectAs({ sub: 'returns' });
    await enter(again);
    await showState(again, 'after');
    await expectStates(watcher, { w: null, stays: 'before', returns: 'after' });
    await expectTold(watcher, 'left', 'stays');
    const { leaseMs, renewMs } = SHORT_LEASE;
    expect(performance.now() - killedAt).toBeLessThan(leaseMs + 2 * renewMs + 9_000);
    expect(toldSoFar(watcher).toSorted()).toEqual(['+returns', '+stays', '-stays']);
    await expectPresent(watcher, { w: 1, returns: 1 }, 2);
    await showState(again, null);
    await expectStates(watcher, { w: null, returns: null });
  });

  it('recovers within 20 s with the default options', () => {
    const { leaseMs, renewMs } = new Lease();
    expect({ leaseMs, renewMs }).toEqual({ leaseMs: 15_000, renewMs: 5_000 });
  });

  it('accepts an instance again that counted as dead', async () => {
    const watching = await start({ lease: SHORT_LEASE });
    const { child, url } = await startChild();
    const watcher = await watching.connectAs({ sub: 'w' });
    await enterAndWatch(watcher);
    const one = await connect(url, { token: signToken({ sub: 'u1' }) });
    await enter(one);
    await expectTold(watcher, 'joined', 'u1');
    child.kill('SIGSTOP');
    await expectTold(watcher, 'left', 'u1');
    child.kill('SIGCONT');
    await expectTold(watcher, 'joined', 'u1');
    await expectPresent(watcher, { w: 1, u1: 1 }, 2);
  });

  it('sends no wrong changes when Redis loses its presence data, and restores it', async () => {
    const [one, two] = await startTwo({ lease: SHORT_LEASE });
    const watcher = await one.connectAs({ sub: 'w' });
    await enterAndWatch(watcher);
    const page = await two.connectAs({ sub: 'u1' });
    await enter(page);
    await expectTold(watcher, 'joined', 'u1');
    const client = new Redis(redis.url);
    for (let loss = 0; loss < 3; loss += 1) {
      await client.del('rt:nodes', `rt:p:{${ROOM}}`, ...(await client.keys('rt:n:*')));
      // Later joins are reported on both instances.
      const [here, there] = [`here${loss}`, `there${loss}`];
      const late = [await one.connectAs({ sub: here }), await two.connectAs({ sub: there })];
      for (const each of late) await enter(each);
      await expectPresent(watcher, { w: 1, u1: 1, [here]: 1, [there]: 1 }, 4);
      for (const each of late) await each.close();
      await expectTold(watcher, 'left', here);
      await expectPresent(watcher, { w: 1, u1: 1 }, 2);
    }
    client.disconnect();
    expect(toldSoFar(watcher)).not.toContain('-u1');
    expect(toldSoFar(watcher)).not.toContain('-w');
  });

  it('is correct again after Redis restarted without data', async () => {
    const [one, two] = await startTwo({ lease: SHORT_LEASE });
    const pages = await Promise.all([one.connectAs({ sub: 'u1' }), two.connectAs({ sub: 'u2' })]);
    for (const page of pages) await enter(page);
    await expectPresent(pages[0], { u1: 1, u2: 1 }, 2);
    for (const page of pages) await showState(page, { cursor: [1, 2] });
    for (const page of pages) await expectStates(page, { u1: { cursor: [1, 2] }, u2: { cursor: [1, 2] } });
    await redis.restart();
    for (const page of pages) expect(await page.next('resync')).toMatchObject({ reason: 'unknown_epoch' });
    // The instances write their members again.
    for (const page of pages) await expectPresent(page, { u1: 1, u2: 1 }, 2);
    const third = await two.connectAs({ sub: 'u3' });
    await enter(third);
    for (const page of [...pages, third]) await expectPresent(page, { u1: 1, u2: 1, u3: 1 }, 3);
    const cursor = { cursor: [1, 2] };
    for (const page of pages) await expectStates(page, { u1: cursor, u2: cursor, u3: null });
  });

  it('replies `unavailable` while Redis is down; a subscribe with presence succeeds, and the members follow later', async () => {
    const [one] = await startTwo({ lease: SHORT_LEASE });
    const first = await one.connectAs({ sub: 'u1' });
    await enterAndWatch(first);
    const second = await one.connectAs({ sub: 'u2' });
    await redis.kill();
    await untilUnavailable(second);
    // The channel is subscribed on this instance already.
    expect(await second.ask({ type: 'subscribe', channel: ROOM, presence: true })).toMatchObject({
      type: 'subscribed',
    });
    await untilUnavailable(second);
    await redis.restart();
    expect(await second.next('presence')).toMatchObject({ count: 2 });
    await expectTold(first, 'joined', 'u2');
    expect(toldSoFar(first)).toEqual(['+u2']);
  });
});

/** A recent read can still be the answer; later there is none. */
async function untilUnavailable(client: WsClient): Promise<void> {
  for (;;) {
    const answer = await client.ask({ type: 'presence', channel: ROOM });
    if (answer.type === 'error') {
      expect(answer).toMatchObject({ code: 'unavailable', channel: ROOM });
      return;
    }
    await delay(20);
  }
}
