import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { InstanceDirectory, OccupancyStore, PresenceService } from '../../src/realtime/index.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';
import {
  changesOf,
  expectChanges,
  GRACE_MS,
  ROOM,
  SHORT_LEASE,
  startHooks,
  type HooksInstance,
} from './support/hooks-app.js';

/** Resolves once the instance has seen a claim of another one. */
function seesClaim({ app }: HooksInstance): Promise<void> {
  const store = app.app.get(OccupancyStore);
  const read = store.claims.bind(store);
  return new Promise((resolve) => {
    store.claims = async (keys) => {
      const claims = await read(keys);
      if (claims.size > 0) resolve();
      return claims;
    };
  });
}

/** Resolves once the instance has stored that it announced the room: an interrupted announcement is repeated. */
async function untilHeld({ app }: HooksInstance): Promise<void> {
  const key = `c:${ROOM}`;
  while ((await app.app.get(OccupancyStore).claims([key])).get(key)?.state !== 'held') await delay(10);
}

const subscribe = (client: WsClient) => client.ask({ type: 'subscribe', channel: ROOM });

describe('hooks of several instances', () => {
  let redis: RedisProcess;
  let one: HooksInstance;
  let two: HooksInstance;

  beforeEach(async () => {
    redis = await RedisProcess.start();
    [one, two] = [await startHooks(redis.url), await startHooks(redis.url)];
  });
  afterEach(async () => {
    await Promise.all([one, two].map(({ app }) => app.close().catch(() => undefined)));
    await redis.stop();
  });

  const recorders = () => [one.hooks, two.hooks];
  const expectRoom = (...events: Parameters<typeof expectChanges>[2][]) => expectChanges(recorders(), ROOM, ...events);

  it('continue on another instance when the owner of a channel shuts down', async () => {
    const clients = [await one.app.connect(), await two.app.connect()];
    await subscribe(clients[0]!);
    await expectRoom('occupied');
    await subscribe(clients[1]!);
    await one.app.close();
    await until(() => two.hooks.of('occupied').length === 1);
    expect(two.hooks.of('occupied')).toEqual(one.hooks.of('occupied'));
    await clients[1]!.close();
    await expectRoom('occupied', 'occupied', 'vacated');
    expect(two.hooks.of('vacated')).toHaveLength(1);
  });

  it('catch up at the next start if all instances ended with a channel that was occupied', async () => {
    await subscribe(await one.app.connect());
    await expectRoom('occupied');
    const { sequence } = changesOf(recorders(), ROOM)[0]!;
    await Promise.all([one, two].map(({ app }) => app.close()));
    expect(recorders().flatMap((recorder) => recorder.of('vacated'))).toEqual([]);
    one = await startHooks(redis.url);
    await until(() => one.hooks.of('vacated').length === 1);
    expect(one.hooks.of('vacated')[0]!.sequence).toBeGreaterThan(sequence);
    expect(one.hooks.of('occupied')).toEqual([]);
  });

  it('announce nothing wrong when Redis loses its counts and claims', async () => {
    const client = await one.app.connect();
    await subscribe(client);
    await expectRoom('occupied');
    const seen = seesClaim(two);
    const other = await two.app.connect();
    await subscribe(other);
    const stranger = new Redis(redis.url);
    await seen;
    await untilHeld(one);
    await stranger.flushall();
    // A later change shows that both instances work again.
    const later = await two.app.connect();
    while ((await later.ask({ type: 'subscribe', channel: 'rooms:later' })).type !== 'subscribed') await delay(20);
    await expectChanges(recorders(), 'rooms:later', 'occupied');
    await delay(2 * SHORT_LEASE.renewMs + GRACE_MS); // no event reports that nothing is announced
    await expectRoom('occupied');
    for (const each of [client, other, later]) await each.close();
    await expectRoom('occupied', 'vacated');
    await expectChanges(recorders(), 'rooms:later', 'occupied', 'vacated');
    stranger.disconnect();
  });

  it('are not called twice after Redis restarted without data', async () => {
    const client = await one.app.connect();
    await subscribe(client);
    await expectRoom('occupied');
    await untilHeld(one);
    await redis.restart();
    await client.next('resync');
    await until(() => one.app.app.get(InstanceDirectory).registrations > 1);
    await client.close();
    await expectRoom('occupied', 'vacated');
  });

  it('report an owner that was cut off that another instance took over', async () => {
    const clients = [await one.app.connect(), await two.app.connect()];
    await subscribe(clients[0]!);
    await expectRoom('occupied');
    await subscribe(clients[1]!);
    const stranger = new Redis(redis.url);
    const key = `rt:o:{c:${ROOM}}`;
    const [, sequence] = (await stranger.get(key))!.split(' ');
    await stranger.set(key, `held ${sequence!} ${two.app.app.get(InstanceDirectory).id}`);
    await until(() => one.hooks.of('released').length === 1);
    expect(one.hooks.of('released')).toEqual(one.hooks.of('occupied'));
    // The other instance knows nothing of its claim: it begins again.
    await until(() => two.hooks.of('occupied').length === 1);
    expect(two.hooks.of('occupied')).toEqual(one.hooks.of('occupied'));
    stranger.disconnect();
  });

  it('leave no key behind except claims that end', async () => {
    const client = await one.app.connectAs({ sub: 'u' });
    await subscribe(client);
    await expectRoom('occupied');
    await client.close();
    await expectRoom('occupied', 'vacated');
    await expectChanges(recorders(), 'u', 'online', 'offline');
    const stranger = new Redis(redis.url);
    let counts: string[] = ['?'];
    while (counts.length > 0) counts = await stranger.keys('rt:k:*');
    for (const claim of await stranger.keys('rt:o:*')) {
      while ((await stranger.pttl(claim)) < 0) await delay(10);
    }
    stranger.disconnect();
  });

  it('reject questions about users while other instances cannot be asked', async () => {
    await one.app.connectAs({ sub: 'here' });
    await one.app.connectAs({ sub: 'there' });
    const presence = two.app.app.get(PresenceService);
    expect(await presence.countOnline()).toBe(2);
    await redis.kill();
    await expect(presence.isOnline(['here'])).rejects.toMatchObject({ code: 'unavailable' });
    await redis.restart();
    await expect(presence.isOnline(Array(1_001).fill('u'))).rejects.toThrow('ask for 1000 at most');
    await expect(presence.isOnline(['u'], { tenant: 'a' })).rejects.toThrow('tenant must not be given');
  });
});
