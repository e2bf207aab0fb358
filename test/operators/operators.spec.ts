import { Redis } from 'ioredis';
import { hostname } from 'node:os';
import { ChannelPolicyService, ProtocolError, RedisBridge } from '../../src/realtime/index.js';
import type {
  ChannelsDto,
  ConnectionDetailsDto,
  ConnectionsDto,
  HistoryDto,
  StatsDto,
  StatsHistoryDto,
} from '../../src/realtime/http/operator-shapes.js';
import { Broker } from '../../src/realtime/broker/broker.js';
import { InstanceDirectory } from '../../src/realtime/cluster/instances/instance-directory.js';
import { SHORT_LEASE, startChildInstance, startInstance } from '../presence/support/presence-app.js';
import type { RealtimeApp } from '../realtime/support/realtime-app.js';
import { TIMESTAMP } from '../realtime/support/shapes.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { connect, type WsClient } from '../support/ws-client.js';
import { answerOf, call } from './operator-app.js';

/** The ids of two instances. */
const EVERY_INSTANCE: unknown = [expect.any(String), expect.any(String)];

const REVOKED = { code: 4403, reason: 'access was revoked' };
const EXPIRES = 2_000_000_000;

/** Resolves once each of these receives the queries between instances. */
async function untilListening(apps: readonly RealtimeApp[]): Promise<void> {
  for (const { app } of apps) {
    while (
      !app.get(RedisBridge).status.up ||
      (await app
        .get(Broker)
        .listeners('$ask')
        .catch(() => 0)) < apps.length
    ) {
      await new Promise((resolve) => void setTimeout(resolve, 10));
    }
  }
}

const idOf = (client: WsClient): string => (client.frames[0] as unknown as { connectionId: string }).connectionId;
const instanceOf = ({ app }: RealtimeApp): string => app.get(InstanceDirectory).id;

describe('the API for operators over two instances', () => {
  let redis: RedisProcess;
  let here: RealtimeApp;
  let there: RealtimeApp;
  /** Three clients on two instances, in the order of their connection; the last one without a token. */
  let clients: WsClient[];

  beforeAll(async () => {
    redis = await RedisProcess.start();
    const options = { operatorApi: true, lease: SHORT_LEASE };
    [here, there] = await Promise.all([startInstance(redis.url, options), startInstance(redis.url, options)]);
    await untilListening([here, there]);
    const ann = await connect(here.url, {
      token: signToken({ sub: 'ann', jti: 's1', exp: EXPIRES }),
      headers: { 'User-Agent': 'a browser of the tests' },
    });
    await ann.next('connected');
    const bob = await there.connectAs({ sub: 'Bob' });
    const nobody = await there.connect();
    await nobody.next('connected');
    clients = [ann, bob, nobody];
    for (const channel of ['apps:created', 'user:ann']) await ann.ask({ type: 'subscribe', channel });
    await bob.ask({ type: 'subscribe', channel: 'apps:created' });
    await nobody.ask({ type: 'subscribe', channel: 'announcements' });
  }, 60_000);
  afterAll(async () => {
    for (const client of clients ?? []) await client.close();
    await Promise.all([here?.close(), there?.close()]);
    await redis?.stop();
  });

  it('returns the numbers of each instance, and of all', async () => {
    await answerOf(here, 'stats'); // from now on deliveries are timed
    await here.events.emit('apps:created', { id: '1', name: 'shop' });
    await clients[0]!.next('event');
    await clients[1]!.next('event');
    const { cluster, instances, unanswered } = await settled(
      () => answerOf<StatsDto>(there, 'stats'),
      (stats) => stats.instances.every(({ eventsDelivered }) => eventsDelivered === 1),
    );
    expect(unanswered).toEqual([]);
    expect(cluster).toMatchObject({ instances: 2, connections: 3, anonymous: 1, users: 2, channels: 3 });
    expect(cluster).toMatchObject({ subscriptions: 4, published: 1, delivered: 2 });
    const figures = {
      ...{ draining: false, eventsDelivered: 1, bufferedBytes: 0 },
      deliveryMs: { p50: expect.any(Number) as number, p99: expect.any(Number) as number },
      eventLoopDelayMs: expect.any(Number) as number,
      startedAt: expect.stringMatching(TIMESTAMP) as string,
      seenAt: expect.stringMatching(TIMESTAMP) as string,
      ...{ host: hostname(), slowConsumersClosed: 0, closedConnections: [], errorFrames: [] },
    };
    const byId = new Map(instances.map((instance) => [instance.instanceId, instance]));
    expect(byId.get(instanceOf(here))).toEqual({
      ...{ instanceId: instanceOf(here), ...figures },
      ...{ connections: 1, users: 1, subscriptions: 2, channels: 2, eventsPublished: 1 },
    });
    expect(byId.get(instanceOf(there))).toEqual({
      ...{ instanceId: instanceOf(there), ...figures },
      ...{ connections: 2, users: 1, subscriptions: 2, channels: 2, eventsPublished: 0 },
    });
  });

  it('has samples of each instance from before the first query, for charts', async () => {
    const { instances, unanswered } = await answerOf<StatsHistoryDto>(there, 'stats/history');
    expect(unanswered).toEqual([]);
    expect(new Set(instances.map(({ instanceId }) => instanceId))).toEqual(new Set([here, there].map(instanceOf)));
    for (const { samples } of instances) {
      expect(samples[0]).toEqual({
        at: expect.stringMatching(TIMESTAMP) as string,
        ...{ connections: 0, eventsPublished: 0, eventsDelivered: 0, deliveryP99Ms: null },
      });
    }
  });

  it('counts closed connections and error frames by code', async () => {
    const client = await here.connectAs({ sub: 'dan' });
    await client.ask({ type: 'subscribe', channel: 'user:ann' });
    await client.close();
    const { instances } = await settled(
      () => answerOf<StatsDto>(there, 'stats'),
      (stats) => stats.instances.some(({ closedConnections }) => closedConnections.length > 0),
    );
    const counted = instances.find(({ instanceId }) => instanceId === instanceOf(here));
    expect(counted).toMatchObject({
      closedConnections: [{ code: '1005', count: 1 }],
      errorFrames: [{ code: 'forbidden', count: 1 }],
    });
  });

  it('returns the identity of the caller, and the answering instance', async () => {
    expect(await answerOf(there, 'whoami')).toEqual({
      ...{ userId: 'boss', email: expect.any(String) as string, role: 'admin' },
      ...{ expiresAt: expect.stringMatching(TIMESTAMP) as string, instanceId: instanceOf(there), host: hostname() },
    });
  });

  it('lists the connections of all instances', async () => {
    const answer = await answerOf<ConnectionsDto>(here, 'connections');
    expect(answer).toMatchObject({ total: 3, next: null, unanswered: [] });
    const row = {
      address: '127.0.0.1',
      transport: 'websocket',
      connectedAt: expect.stringMatching(TIMESTAMP) as string,
      bufferedBytes: 0,
    };
    expect(answer.connections[0]).toEqual({
      ...{ id: idOf(clients[0]!), instanceId: instanceOf(here), userId: 'ann', role: 'user', ...row },
      ...{ subscriptions: 2, sessionId: 's1', expiresAt: new Date(EXPIRES * 1_000).toISOString() },
    });
    expect(answer.connections[2]).toEqual({
      ...{ id: idOf(clients[2]!), instanceId: instanceOf(there), userId: null, role: null, ...row },
      ...{ subscriptions: 1, sessionId: null, expiresAt: null },
    });
    expect(answer.connections.map(({ id }) => id)).toEqual(clients.map(idOf));
  });

  it.each<[string, number[]]>([
    ['user=ann', [0]],
    ['user=nobody', []],
    ['channel=apps:created', [0, 1]],
    ['session=s1', [0]],
    ['address=127.0.0.1', [0, 1, 2]],
    ['address=10.0.0.1', []],
    ['search=bob', [1]],
    ['sort=userId', [2, 1, 0]],
    ['sort=userId&order=desc', [0, 1, 2]],
    ['sort=connectedAt&order=desc', [2, 1, 0]],
    ['search=&limit=1000', [0, 1, 2]],
  ])('finds connections by ?%s', async (query, found) => {
    const { connections, total } = await answerOf<ConnectionsDto>(there, `connections?${query}`);
    expect(connections.map(({ id }) => clients.findIndex((client) => idOf(client) === id))).toEqual(found);
    expect(total).toBe(found.length);
  });

  it('finds the connections of one instance', async () => {
    const found = async (instance: string) =>
      (await answerOf<ConnectionsDto>(here, `connections?instance=${instance}`)).connections.map(({ id }) => id);
    expect(await found(instanceOf(there))).toEqual(clients.slice(1).map(idOf));
    expect(await found('none')).toEqual([]);
  });

  it('pages through connections and channels, on any instance', async () => {
    const ids: string[] = [];
    let next: string | null = '';
    for (const app of [here, there, here]) {
      const page: ConnectionsDto = await answerOf(app, `connections?sort=address&limit=1&cursor=${next}`);
      expect(page).toMatchObject({ total: 3, connections: { length: 1 } });
      ids.push(page.connections[0]!.id);
      next = page.next;
    }
    expect(next).toBeNull();
    expect(ids).toEqual(clients.map(idOf).toSorted());
    const first: ChannelsDto = await answerOf(here, 'channels?limit=2');
    const second: ChannelsDto = await answerOf(there, `channels?limit=2&cursor=${first.next}`);
    expect([...first.channels, ...second.channels]).toEqual([
      { channel: 'announcements', pattern: 'announcements', subscribers: 1, instances: 1 },
      { channel: 'apps:created', pattern: 'apps:*', subscribers: 2, instances: 2 },
      { channel: 'user:ann', pattern: 'user:{userId}', subscribers: 1, instances: 1 },
    ]);
    expect(second).toMatchObject({ total: 3, next: null, unanswered: [] });
    expect(await answerOf(here, 'channels?search=APPS')).toMatchObject({ total: 1, channels: { length: 1 } });
  });

  it('returns the details of one connection, on any instance', async () => {
    const answer = await answerOf<ConnectionDetailsDto>(there, `connections/${idOf(clients[0]!)}`);
    expect(answer).toMatchObject({ userId: 'ann', instanceId: instanceOf(here), subscriptions: 2 });
    expect(answer).toMatchObject({ channels: ['apps:created', 'user:ann'], userAgent: 'a browser of the tests' });
    expect(await answerOf(there, `connections/${idOf(clients[2]!)}`)).not.toHaveProperty('userAgent');
    expect((await call(there, 'connections/none')).status).toBe(404);
  });

  it('returns the history of a channel, as clients receive it', async () => {
    const client = await there.connectAs({ sub: 'ann' });
    await client.ask({ type: 'subscribe', channel: 'apps:updated' });
    for (const name of ['a', 'b', 'c']) await here.events.emit('apps:updated', { id: '1', name });
    const events = [await client.next('event'), await client.next('event'), await client.next('event')];
    const all = await answerOf<HistoryDto>(there, 'channels/apps:updated/history');
    expect(all).toEqual({ channel: 'apps:updated', epoch: events[0]!.id!.split('-')[0], events, more: false });
    expect((await answerOf<HistoryDto>(here, 'channels/apps%3Aupdated/history?limit=2')).events).toEqual(
      events.slice(1),
    );
    const last = await answerOf<HistoryDto>(here, 'channels/apps:updated/history?limit=1');
    expect([all.more, last.more]).toEqual([false, true]);
    const before = encodeURIComponent(last.events[0]!.id!);
    const older = await answerOf<HistoryDto>(here, `channels/apps:updated/history?before=${before}`);
    expect([...older.events, ...last.events]).toEqual(all.events);
    expect(await answerOf(here, 'channels/apps:deleted/history')).toMatchObject({ epoch: null, events: [] });
    expect((await call(here, 'channels/nobody:knows/history')).status).toBe(404);
    await client.close();
  });

  it.each([
    ['connections?users=ann', 'Unknown parameter "users". Known parameters: user, '],
    ['connections?user=ann&user=bob', 'user must be given once'],
    ['connections?limit=0', 'limit must be a whole number from 1 to 1000'],
    ['connections?limit=1001', 'limit must be'],
    ['connections?limit=ten', 'limit must be'],
    ['connections?sort=id', 'sort must be one of: connectedAt, userId, '],
    ['connections?order=up', 'order must be one of: asc, desc'],
    ['connections?cursor=rubbish', 'cursor must be `next` of the previous page'],
    ['connections?cursor=e30', 'cursor must be `next` of the previous page'],
    ['channels/apps:created/history?tenant=acme', 'tenant must not be given'],
    ['channels?limit=-1', 'limit must be'],
    ['channels?cursor=rubbish', 'cursor must be'],
    ['channels?sort=channel', 'Unknown parameter "sort"'],
    ['channels/apps:created/history?limit=x', 'limit must be'],
    ['channels/apps:created/history?before=x', 'before must be the id of an event'],
    ['explain?user=ann', 'channel is missing'],
    [`explain?channel=apps:created&user=${'x'.repeat(300)}`, 'Invalid user: '],
    ['stats?all', 'Unknown parameter "all"'],
  ])('refuses %s with 400 and a sentence', async (route, sentence) => {
    const { status, body } = await call(here, route);
    expect({ status, message: body.message.slice(0, sentence.length) }).toEqual({ status: 400, message: sentence });
  });

  it('refuses a parameter that is too long', async () => {
    expect((await call(here, `connections?search=${'x'.repeat(1_001)}`)).status).toBe(400);
    expect((await call(here, `connections?search=${'x'.repeat(1_000)}`)).status).toBe(200);
  });

  it('closes one connection, on any instance', async () => {
    const client = await there.connectAs({ sub: 'dan' });
    const route = `connections/${idOf(client)}`;
    expect(await answerOf(here, route, 'DELETE')).toEqual({ disconnected: 1, confirmed: EVERY_INSTANCE, missing: [] });
    expect(await client.closed).toEqual(REVOKED);
    expect((await call(here, route, { method: 'DELETE' })).status).toBe(404);
  });

  it('closes the connections of a user or a session, and returns their number', async () => {
    const users = [await here.connectAs({ sub: 'dan/1' }), await there.connectAs({ sub: 'dan/1' })];
    const session = await there.connectAs({ sub: 'eve', jti: 's2' });
    const route = `users/${encodeURIComponent('dan/1')}/disconnect`;
    expect(await answerOf(here, route, 'POST')).toEqual({ disconnected: 2, confirmed: EVERY_INSTANCE, missing: [] });
    for (const { closed } of users) expect(await closed).toEqual(REVOKED);
    expect(await answerOf(here, 'sessions/s2/disconnect', 'POST')).toEqual({
      disconnected: 1,
      confirmed: EVERY_INSTANCE,
      missing: [],
    });
    expect(await session.closed).toEqual(REVOKED);
    expect(await answerOf(here, 'users/nobody/disconnect', 'POST')).toEqual({
      disconnected: 0,
      confirmed: EVERY_INSTANCE,
      missing: [],
    });
    expect(await answerOf(here, 'connections')).toMatchObject({ total: 3 });
  });

  it('revokes by user, session, connection and time, and answers 202 with the instances that did not confirm', async () => {
    const [user, session, single] = [
      await there.connectAs({ sub: 'fay' }),
      await there.connectAs({ sub: 'gus', jti: 's3' }),
      await there.connectAs({ sub: 'hal' }),
    ];
    const result = { disconnected: 1, confirmed: EVERY_INSTANCE, missing: [] };
    expect(await answerOf(here, 'users/fay/revoke', 'POST')).toEqual(result);
    expect(await answerOf(here, 'sessions/s3/revoke?until=2100-01-01T00:00:00Z', 'POST')).toEqual(result);
    expect(await answerOf(here, `connections/${idOf(single)}/revoke`, 'POST')).toEqual(result);
    for (const { closed } of [user, session, single]) expect(await closed).toEqual(REVOKED);
    const inSeconds = `sessions/s3/revoke?until=${Math.floor(Date.now() / 1_000) + 3_600}`;
    const past = await answerOf(here, 'tokens/revoke?issuedBefore=2001-01-01', 'POST');
    expect(past).toMatchObject({ disconnected: 0, missing: [] });
    for (const route of ['tokens/revoke?issuedBefore=soon', 'users/fay/revoke?issuedBefore=2999-01-01', inSeconds]) {
      expect((await call(here, route, { method: 'POST' })).status).toBe(400);
    }
    const deaf = new Redis(redis.url);
    await deaf.subscribe('rt:c:{$ctl}');
    const { status, body } = await call(here, 'users/fay/revoke', { method: 'POST' });
    expect({ status, body }).toMatchObject({ status: 202, body: { missing: ['(unknown)'] } });
    deaf.disconnect();
  });

  it('re-authorizes the subscriptions of a user', async () => {
    const policy = there.app.get(ChannelPolicyService);
    const authorize = policy.authorize.bind(policy);
    policy.authorize = async (principal, name) => {
      if (name === 'apps:created') throw new ProtocolError('forbidden', { channel: name });
      return authorize(principal, name);
    };
    expect(await answerOf(here, 'users/Bob/reauthorize', 'POST')).toEqual({
      reauthorized: 1,
      confirmed: EVERY_INSTANCE,
      missing: [],
    });
    expect(await clients[1]!.next('unsubscribed')).toMatchObject({ reason: 'access_revoked' });
    policy.authorize = authorize;
    await clients[1]!.ask({ type: 'subscribe', channel: 'apps:created' });
  });

  it.each<[string, object]>([
    ['user=ann&channel=apps:created', { allowed: true, rule: 'apps:*', reason: null }],
    ['user=ann&channel=user:ann', { allowed: true, rule: 'user:{userId}', reason: null }],
    [
      'user=ann&channel=user:bob',
      { allowed: false, rule: 'user:{userId}', reason: 'The channel is private to its owner and administrators' },
    ],
    [
      'user=ann&channel=system:alerts',
      { allowed: false, rule: 'system:*', reason: 'The channel is for administrators only' },
    ],
    ['user=ann&roles=admin,user&channel=system:alerts', { allowed: true, rule: 'system:*', reason: null }],
    ['channel=announcements', { allowed: true, rule: 'announcements', reason: null }],
    [
      'channel=apps:created',
      { allowed: false, rule: 'apps:*', reason: expect.stringContaining('The channel requires a token') },
    ],
    ['user=ann&channel=apps:nothing', { allowed: false, rule: null, reason: 'The channel is not registered' }],
  ])('explains ?%s', async (query, answer) => {
    const channel = new URLSearchParams(query).get('channel');
    expect(await answerOf(here, `explain?${query}`)).toEqual({
      channel,
      policy: null,
      groups: [],
      fields: [],
      ...answer,
    });
  });

  it('shows an instance that drains at once', async () => {
    const options = { operatorApi: true, lease: SHORT_LEASE, drainDelayMs: 60_000 };
    const { child } = await startChildInstance(redis.url, options);
    await settled(
      () => answerOf<StatsDto>(here, 'stats'),
      ({ instances }) => instances.length === 3,
    );
    child.kill('SIGTERM');
    const { instances } = await settled(
      () => answerOf<StatsDto>(here, 'stats'),
      (stats) => stats.instances.some(({ draining }) => draining),
    );
    expect(instances.map(({ draining }) => draining)).toEqual([false, false, true]);
    child.kill('SIGKILL');
    await settled(
      () => answerOf<StatsDto>(there, 'stats'),
      (stats) => stats.instances.length === 2,
    );
  }, 90_000);

  it('marks an instance that hangs or died, and then it is gone', async () => {
    // Longer than the time between the signal and the question.
    const lease = { leaseMs: 5_000, renewMs: SHORT_LEASE.renewMs };
    const { child, url } = await startChildInstance(redis.url, { operatorApi: true, lease });
    const client = await connect(url, { token: signToken({ sub: 'cleo' }) });
    await client.next('connected');
    const known = await settled(
      () => answerOf<StatsDto>(here, 'stats'),
      ({ cluster, unanswered }) => cluster['connections'] === 4 && unanswered.length === 0,
    );
    const own = [instanceOf(here), instanceOf(there)];
    const third = known.instances.find(({ instanceId }) => !own.includes(instanceId))!.instanceId;
    const found = await answerOf<ConnectionsDto>(here, 'connections?user=cleo');
    expect(found).toMatchObject({ total: 1, unanswered: [], connections: [{ instanceId: third }] });

    child.kill('SIGSTOP');
    const hung = await answerOf<StatsDto>(here, 'stats');
    expect(hung.unanswered).toEqual([third]);
    expect(hung.instances.map(({ instanceId }) => instanceId)).toContain(third);
    child.kill('SIGKILL');
    await client.closed;
    const { connections, unanswered } = await answerOf<ConnectionsDto>(there, 'connections?limit=2');
    expect({ connections: connections.length, unanswered }).toEqual({ connections: 2, unanswered: expect.any(Array) });
    const left = await settled(
      () => answerOf<StatsDto>(there, 'stats'),
      ({ instances }) => instances.length === 2,
    );
    expect(left).toMatchObject({ unanswered: [], cluster: { connections: 3 } });
  }, 90_000);
});

/** Asks until the answer fits: what happens elsewhere takes a moment. */
async function settled<Body>(ask: () => Promise<Body>, fits: (body: Body) => boolean): Promise<Body> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const body = await ask();
    if (fits(body)) return body;
    if (performance.now() > deadline) throw new Error(`It never fitted: ${JSON.stringify(body)}`);
  }
}
