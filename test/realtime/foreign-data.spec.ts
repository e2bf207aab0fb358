import { Redis } from 'ioredis';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { eventBody } from '../../src/protocol/index.js';
import { ClusterStatsService, type EmitOptions, RealtimeControl, RedisBridge } from '../../src/realtime/index.js';
import { InstanceDirectory } from '../../src/realtime/cluster/instances/instance-directory.js';
import { PresenceStore } from '../../src/realtime/presence/presence-store.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { answerOf, call } from '../operators/operator-app.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import type { WsClient } from '../support/ws-client.js';
import { until } from '../support/until.js';
import { RealtimeApp } from './support/realtime-app.js';

const FAR = '9007199254740991';
const TEXTS: readonly string[] = [
  ...['', 'hello', 'null', '5', '[]', '{}', '{"broken":', '"', '1e999', '-1', 'NaN', '__proto__', '\u0000\r\n'],
  ...['{"__proto__":{"polluted":true}}', '{"stats":null,"health":[],"topics":{}}', '0 x y', '1 0000000000000000.1 {'],
  ...['['.repeat(20_000), 'l'.repeat(100_000)],
];

/** Messages that a foreign program could publish on internal channels, and that no instance sends. */
function messagesOn(channel: string): string[] {
  const data = [
    ...['null', '5', '"x"', '[]', '{"broken":', '{"do":"unheard of"}', '{"from":"x","channels":null}'],
    ...['{"from":5,"channels":[]}', '{"from":"x","channels":[null]}', '{"id":"i","from":"x","about":"toString"}'],
    '{"id":"i","from":"x","about":"connections","query":{"most":1e999,"sort":"userId","order":"asc"}}',
    ...['{"id":"i","from":"x","about":"connection","query":null}', '{"id":"i","instance":"x"}', '['.repeat(20_000)],
    JSON.stringify('{"id":"i","at":null,"command":{"do":"revoke","revocation":{"kind":"all","before":null}}}'),
    ...['{"id":"i","instance":"x","answer":{"rows":null}}', JSON.stringify('l'.repeat(100_000))],
  ];
  const now = new Date().toISOString();
  const bodies = [...data.map((json) => eventBody(channel, json, now)), eventBody(channel, '1', '"'), 'no body'];
  return [...TEXTS, ...bodies.map((body) => `- 0 0000000000000000.1 ${body}`)];
}

const emit = (app: RealtimeApp, data: object, options: EmitOptions = {}): Promise<unknown> =>
  (app.events.emit as (channel: string, data: object, options: EmitOptions) => Promise<unknown>).call(
    app.events,
    'rooms:lobby',
    data,
    options,
  );

function isSecond(data: unknown, name: string): boolean {
  const { name: from, number } = data as { name?: unknown; number?: unknown };
  return from === name && number === 2;
}

/** Polls presence until both connections of the user are members. Slow reads can return an earlier state. */
async function isPresent(client: WsClient, userId: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const { members } = (await client.ask({ type: 'presence', channel: 'rooms:lobby' })) as { members?: object[] };
    if (members?.some((one) => isDeepStrictEqual(one, { userId, connections: 2 })) === true) return;
    await setTimeout(100); // within the frame rate limit
    if (performance.now() > deadline) throw new Error(`${userId} is not present: ${JSON.stringify(members)}`);
  }
}

describe('data in Redis that no instance has written', () => {
  let redis: RedisProcess;
  let stranger: Redis;
  let apps: RealtimeApp[];
  let count = 0;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    stranger = new Redis(redis.url);
    const options = {
      redis: { url: redis.url },
      operatorApi: true,
      channels: [{ name: 'rooms:lobby', access: 'authenticated' as const, presence: true }],
    };
    apps = await Promise.all([RealtimeApp.start(options), RealtimeApp.start(options)]);
    await until(() => apps.every(({ app }) => app.get(RedisBridge).status.up));
    for (const { app } of apps) await app.get(ClusterStatsService).announce();
    await useAll();
  });
  afterAll(async () => {
    stranger?.disconnect();
    await Promise.all((apps ?? []).map((app) => app.close()));
    await redis?.stop();
  });

  /** Uses every feature that goes through Redis, on both instances. */
  async function useAll(): Promise<void> {
    const [here, there] = apps as [RealtimeApp, RealtimeApp];
    const name = `n${(count += 1)}`;
    const clients = [await here.connectAs({ sub: name }), await there.connectAs({ sub: name })];
    for (const client of clients) {
      expect(await client.ask({ type: 'subscribe', channel: 'rooms:lobby' })).toMatchObject({ type: 'subscribed' });
    }
    // A corrupted log restarts: its subscribers get a resync with the first event, and then the next event.
    await emit(here, { name, number: 1 });
    for (const client of clients)
      await until(() => client.frames.some(({ type }) => type === 'event' || type === 'resync'));
    await emit(here, { name, number: 2 }, { idempotencyKey: name });
    for (const client of clients) {
      await until(() => client.frames.some((frame) => frame.type === 'event' && isSecond(frame.data, name)));
    }
    await emit(here, { name, number: 3 }, { idempotencyKey: 'each' });
    for (const app of apps) {
      const { connections, unanswered } = await answerOf<{ connections: { userId: string }[]; unanswered: string[] }>(
        app,
        `connections?user=${name}`,
      );
      expect([connections.map(({ userId }) => userId), unanswered]).toEqual([[name, name], []]);
      expect(await answerOf(app, 'stats')).toMatchObject({ cluster: { instances: 2 }, unanswered: [] });
      expect(await answerOf(app, 'channels')).toMatchObject({ unanswered: [] });
      await answerOf(app, 'channels/rooms:lobby/history');
    }
    await isPresent(clients[0]!, name);
    const authorization = `Bearer ${signToken({ sub: name, jti: name })}`;
    const made = await fetch(`${here.http}/realtime/tickets`, { method: 'POST', headers: { authorization } });
    expect(made.status).toBe(201);
    expect(await here.app.get(RealtimeControl).revokeUser(name)).toMatchObject({ missing: [] });
    for (const client of clients) expect(await client.closed).toMatchObject({ code: 4403 });
    expect((await call(there, 'stats', { authorization })).status).toBe(401);
  }

  const skipped = (): number => apps.reduce((sum, { app }) => sum + app.get(Counters).foreignMessages, 0);

  it('is skipped and counted on each internal channel', async () => {
    const client = await apps[0]!.connectAs({ sub: 'listener' });
    await client.ask({ type: 'subscribe', channel: 'rooms:lobby' });
    const channels = (await stranger.pubsub('CHANNELS', 'rt:c:*')) as string[];
    const names = channels.map((pubsub) => pubsub.slice('rt:c:{'.length, -1));
    expect(names.toSorted()).toEqual(
      expect.arrayContaining(['$ask', '$ctl', '$presence', 'rooms:lobby', expect.stringMatching(/^\$answers-/)]),
    );
    const before = skipped();
    for (const [index, pubsub] of channels.entries()) {
      for (const message of messagesOn(names[index]!)) await stranger.publish(pubsub, message);
    }
    await useAll();
    expect(skipped()).toBeGreaterThan(before + channels.length * TEXTS.length);
    for (const { log } of apps) {
      expect(log.lines.filter((line) => line.startsWith('error'))).toEqual([]);
      expect(log.lines.filter((line) => line.includes('was skipped')).length).toBeLessThan(50);
    }
    await client.close();
  });

  it('is skipped as a reply to an instance’s query', async () => {
    const liar = new Redis(redis.url);
    await liar.psubscribe('rt:c:{$ask?'); // a pattern subscription does not count as a listening instance
    let lies = 0;
    liar.on('pmessage', (_pattern: string, _channel: string, message: string) => {
      const asked = JSON.parse(message.slice(message.indexOf('{'))) as { id: string; from: string };
      for (const answer of ['null', '{}', '{"rows":null}', '{"stats":{}}', '{"total":1e999,"rows":[]}', '"x"']) {
        const body = `{"id":${JSON.stringify(asked.id)},"from":"liar","answer":${answer}}`;
        lies += 1;
        void stranger.publish(`rt:c:{$answers-${asked.from}}`, `- 0 0000000000000000.1 ${body}`);
      }
    });
    const before = skipped();
    await useAll();
    expect(lies).toBeGreaterThan(0);
    await until(() => skipped() > before);
    liar.disconnect();
  });

  it.each(['hello', '1 0000000000000000.1 {'])(
    'counts as a lost event in a history with %j: a resuming client is notified, an operator reads the other events',
    async (entry) => {
      const client = await apps[0]!.connectAs({ sub: 'reader' });
      await client.ask({ type: 'subscribe', channel: 'rooms:lobby' });
      await emit(apps[0]!, { number: 0 });
      const { id } = (await client.next('event')) as { id?: string };
      await client.close();
      // More events than an instance keeps in memory, so a resume reads the history.
      await Promise.all(Array.from({ length: 70 }, (_, index) => emit(apps[0]!, { number: index + 1 })));
      await stranger.lset('rt:h:{rooms:lobby}', -2, entry);
      const history = await answerOf<{ events: { data: { number: number } }[] }>(
        apps[1]!,
        'channels/rooms:lobby/history',
      );
      expect(history.events.slice(-2).map(({ data }) => data.number)).toEqual([68, 70]);
      const later = await apps[1]!.connectAs({ sub: 'reader' });
      const answer = await later.ask({ type: 'subscribe', channel: 'rooms:lobby', lastEventId: id! });
      expect(answer).toMatchObject({ type: 'subscribed', recovered: false, reason: 'expired' });
      await later.close();
    },
  );

  it('is not an instance in the directory', async () => {
    const stats = apps[0]!.app.get(ClusterStatsService);
    const before = skipped();
    for (const [index, text] of TEXTS.entries()) {
      if (text === '') continue; // an instance that has left
      await stranger.set(`rt:n:stranger${index}`, text, 'EX', 60);
      await stranger.zadd('rt:nodes', FAR, `stranger${index}`);
    }
    const own = apps.map(({ app }) => app.get(InstanceDirectory).id);
    expect([...(await stats.reports()).keys()].toSorted()).toEqual(own.toSorted());
    expect(skipped() - before).toBeGreaterThanOrEqual(TEXTS.length - 1);
    for (const index of TEXTS.keys()) await stranger.zrem('rt:nodes', `stranger${index}`);
  });

  it.each([
    ...['NaN', '1e999', '-1', '', 'x', '1.5', '99999999999', '1 ', '1 {', '1 {}', '1 null'],
    '1 {"info":null,"state":{"json":"1,\\"userId\\":\\"admin\\"","at":1}}',
    `1 {"info":{"json":"\\"${'x'.repeat(1_024)}\\"","at":1},"state":null}`,
    `1 {"info":null,"state":null}${' '.repeat(20_000)}`,
  ])('is not a member of a channel: %j', async (connections) => {
    const [here, there] = apps.map(({ app }) => app.get(InstanceDirectory).id);
    await stranger.hset(
      'rt:p:{rooms:hall}',
      `${here}:real`,
      '2',
      `${there}:forged`,
      connections,
      `${there}:`,
      connections,
    );
    const { members, anonymous } = await apps[0]!.app.get(PresenceStore).read('rooms:hall');
    expect([[...members], anonymous]).toEqual([[['real', 2]], 0]);
    await stranger.del('rt:p:{rooms:hall}');
  });

  /** Corrupts the value of one key and keeps its type and TTL. */
  async function spoil(key: string, type: string): Promise<void> {
    if (type === 'string') await stranger.set(key, TEXTS[count % TEXTS.length]!, 'KEEPTTL');
    if (type === 'hash') {
      const fields = await stranger.hkeys(key);
      for (const [index, field] of [...fields, ...TEXTS].entries()) {
        await stranger.hset(key, field, TEXTS[(index + count) % TEXTS.length]!);
      }
    }
    if (type === 'list') {
      const last = await stranger.lindex(key, -1);
      for (const text of TEXTS) await stranger.linsert(key, 'BEFORE', last!, text);
    }
    if (type === 'zset') for (const text of TEXTS) await stranger.zadd(key, FAR, text);
  }

  it.each([0, 1, 2, 3])('is skipped in each key of the instances, round %i', async () => {
    const client = await apps[0]!.connectAs({ sub: 'listener' });
    await client.ask({ type: 'subscribe', channel: 'rooms:lobby' });
    const keys = await stranger.keys('rt:*');
    expect(keys.map((key) => key.replace(/(?<=^rt:\w+:|^rt:i:\{.*\}:).*/, ''))).toEqual(
      expect.arrayContaining([
        'rt:data',
        'rt:nodes',
        'rt:revoked',
        'rt:n:',
        'rt:t:',
        'rt:m:',
        'rt:h:',
        'rt:p:',
        'rt:i:',
      ]),
    );
    for (const key of keys) await spoil(key, await stranger.type(key));
    for (const { app } of apps) await app.get(ClusterStatsService).announce();
    await useAll();
    await client.close();
  });

  it('is skipped in each key as a value of another type, and the key can be used again', async () => {
    const client = await apps[0]!.connectAs({ sub: 'listener' });
    await client.ask({ type: 'subscribe', channel: 'rooms:lobby' });
    const before = skipped();
    for (const key of await stranger.keys('rt:*')) {
      const isString = (await stranger.type(key)) === 'string';
      await stranger.del(key);
      if (isString) await stranger.hset(key, 'field', 'value');
      else await stranger.set(key, 'a string');
    }
    for (const { app } of apps) await app.get(ClusterStatsService).announce();
    await useAll();
    expect(skipped()).toBeGreaterThan(before);
    for (const { log } of apps) expect(log.lines.filter((line) => line.startsWith('error'))).toEqual([]);
    await client.close();
  });
});
