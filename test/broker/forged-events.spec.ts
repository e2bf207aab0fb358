import { jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventBody, parsePosition, type Position } from '../../src/protocol/index.js';
import { Broker, RealtimeControl, RedisBridge } from '../../src/realtime/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';

const CHANNEL = 'apps:created';
const REVOKED = { code: 4403, reason: expect.any(String) as unknown };

/** The forging process can only PUBLISH. It knows the position from its own subscription as a client. */
describe('an event forged with PUBLISH', () => {
  let redis: RedisProcess;
  let forger: Redis;
  let app: RealtimeApp;
  let client: WsClient;
  const apps: RealtimeApp[] = [];
  /** Position of the channel after its first event. */
  let here: Position;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    const admin = new Redis(redis.url);
    await admin.call('ACL', 'SETUSER', 'forger', 'on', '>secret', '&rt:c:*', '-@all', '+publish', '+auth', '+hello');
    admin.disconnect();
    forger = new Redis(redis.url.replace('//', '//forger:secret@'), { enableReadyCheck: false });
  });
  afterAll(async () => {
    forger.disconnect();
    await redis.stop();
  });

  const start = async (): Promise<RealtimeApp> => {
    const started = await RealtimeApp.start({ redis: { url: redis.url } });
    apps.push(started);
    await until(() => started.app.get(RedisBridge).status.up);
    return started;
  };
  const emit = (name: string): Promise<unknown> => app.events.emit(CHANNEL, { id: name, name });
  const forge = ({ epoch, offset }: Position, name = 'forged', channel = CHANNEL): Promise<unknown> => {
    const body = eventBody(channel, JSON.stringify({ id: name, name }), new Date().toISOString());
    return forger.publish(`rt:c:{${channel}}`, `${epoch} ${offset} 0123456789abcdef.1 ${body}`);
  };
  const ahead = (by: number): Position => ({ ...here, offset: here.offset + by });
  const nextName = async (): Promise<unknown> => ((await client.next('event')).data as { name: string }).name;
  const foreign = (): number => app.app.get(Counters).foreignMessages;

  beforeEach(async () => {
    app = await start();
    client = await app.connectAs({ sub: 'ann' });
    await client.ask({ type: 'subscribe', channel: CHANNEL });
    await emit('first');
    here = parsePosition((await client.next('event')).id!)!;
  });
  afterEach(async () => {
    for (const { app: each } of apps.splice(0)) await each.close();
  });

  it('before the true one is reported on every instance, before any later true event', async () => {
    const other = await start();
    const second = await other.connectAs({ sub: 'bob' });
    await second.ask({ type: 'subscribe', channel: CHANNEL });
    await forge(ahead(1));
    await emit('second');
    for (const each of [client, second]) {
      expect((await each.next('event')).data).toMatchObject({ name: 'forged' });
      expect(await each.next('resync')).toMatchObject({ reason: 'rewound' });
    }
    await emit('third');
    expect(await nextName()).toBe('third');
    expect(client.frames.filter(({ type }) => type === 'event')).toHaveLength(3);
    expect(foreign()).toBe(1);
    // Nest has one logger per process: that of the application that started last.
    expect(other.log.lines.join('\n')).toContain(
      `An event on ${CHANNEL} was published by another program and was delivered`,
    );
  });

  it('before several true ones in quick succession is reported', async () => {
    for (const by of [1, 2, 3]) await forge(ahead(by));
    await Promise.all(Array.from({ length: 20 }, (_, index) => emit(`true ${index}`)));
    const { lastEventId } = await client.next('resync');
    const seen = parsePosition(lastEventId!)!.offset;
    await emit('last');
    await until(() =>
      client.frames.some((frame) => frame.type === 'event' && frame.id === `${here.epoch}-${here.offset + 21}`),
    );
    const at = client.frames.findIndex(({ type }) => type === 'resync');
    const after = client.frames
      .slice(at)
      .flatMap((frame) => (frame.type === 'event' ? [parsePosition(frame.id!)!.offset] : []));
    expect(after).toEqual(Array.from({ length: here.offset + 21 - seen }, (_, index) => seen + 1 + index));
  });

  it('after the true one is skipped', async () => {
    await emit('second');
    await forge(ahead(1));
    await emit('third');
    expect([await nextName(), await nextName()]).toEqual(['second', 'third']);
    expect(client.frames.filter(({ type }) => type === 'resync')).toEqual([]);
    expect(foreign()).toBe(1);
  });

  it.each([
    ['far ahead', () => ahead(40)],
    ['of another epoch', () => ({ epoch: 'ffffffffffff', offset: here.offset + 1 })],
  ])('%s displaces no true event', async (_, where) => {
    await forge(where());
    for (let index = 0; index < 50; index += 1) await emit(`true ${index}`);
    for (let index = 0; index < 50; index += 1) expect(await nextName()).toBe(`true ${index}`);
    expect(client.frames.filter(({ type }) => type === 'resync')).toEqual([]);
  });

  it('as the last event is found by the audit', async () => {
    app = await start();
    // Instead of once a minute.
    const broker = app.app.get<{ subscribeLink: { subscriptions: { auditMs: number } } }>(Broker);
    broker.subscribeLink.subscriptions.auditMs = 1;
    client = await app.connectAs({ sub: 'ann' });
    await client.ask({ type: 'subscribe', channel: CHANNEL });
    await forge(ahead(1));
    expect(await nextName()).toBe('forged');
    expect(await client.next('resync')).toMatchObject({
      lastEventId: `${here.epoch}-${here.offset}`,
      reason: 'rewound',
    });
    await emit('true');
    expect(await nextName()).toBe('true');
  });

  it('is found on reconnect if the true one was lost with the connection', async () => {
    await forge(ahead(1));
    expect(await nextName()).toBe('forged');
    const admin = new Redis(redis.url);
    // The true event is stored, but its message is lost with the connection. The transaction excludes other commands in between.
    const epoch = await admin.hget(`rt:m:{${CHANNEL}}`, 'e');
    const entry = `${here.offset + 1} fedcba9876543210.1 ${eventBody(CHANNEL, '{"id":"t","name":"true"}', new Date().toISOString())}`;
    await admin
      .multi()
      .call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      .rpush(`rt:h:{${CHANNEL}}`, entry)
      .hset(`rt:m:{${CHANNEL}}`, 's', here.offset + 1)
      .exec();
    admin.disconnect();
    expect(await client.next('resync')).toMatchObject({
      lastEventId: `${epoch}-${here.offset + 1}`,
      reason: 'rewound',
    });
  });

  it('makes a client that left after receiving it reload, instead of recovering', async () => {
    await forge(ahead(1));
    const { id } = await client.next('event');
    const watcher = await app.connectAs({ sub: 'bob' });
    await watcher.ask({ type: 'subscribe', channel: CHANNEL });
    client.socket.terminate();
    await emit('true');
    await watcher.next('resync');
    client = await app.connectAs({ sub: 'ann' });
    expect(await client.ask({ type: 'subscribe', channel: CHANNEL, lastEventId: id! })).toMatchObject({
      type: 'subscribed',
      recovered: false,
      reason: 'rewound',
    });
  });

  it('causes few reads of the history if repeated many times', async () => {
    const read = jest.spyOn(app.app.get(Broker), 'read');
    const began = performance.now();
    const forged: Promise<unknown>[] = [];
    for (let index = 0; index < 3_000; index += 1) {
      const where = [ahead(50), here, { epoch: `e${index}`, offset: 1 }][index % 3] as Position;
      forged.push(forge(where));
    }
    await Promise.all(forged);
    await emit('true');
    expect(await nextName()).toBe('true');
    // One read at once, and one per 250 ms afterwards.
    expect(read.mock.calls.length).toBeLessThanOrEqual(2 + Math.floor((performance.now() - began) / 250));
    expect(client.frames.filter(({ type }) => type === 'resync')).toEqual([]);
  });

  it('on the channel of control commands does not block commands', async () => {
    await app.app.get(RealtimeControl).disconnectUser('nobody');
    const admin = new Redis(redis.url);
    const [epoch, offset] = (await admin.hmget('rt:m:{$ctl}', 'e', 's')) as [string, string];
    admin.disconnect();
    await forge({ epoch, offset: Number(offset) + 1 }, 'forged', '$ctl');
    await app.app.get(RealtimeControl).disconnectUser('ann');
    expect(await client.closed).toEqual(REVOKED);
  });
});
