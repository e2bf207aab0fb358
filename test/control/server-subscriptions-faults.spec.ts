import { RealtimeControl, RedisBridge } from '../../src/realtime/index.js';
import { Build } from '../fault/build.js';
import { Instance } from '../fault/instance.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { connect, type WsClient } from '../support/ws-client.js';

const CHANNEL = 'apps:created';

describe('subscriptions by the server', () => {
  let redis: RedisProcess;
  let here: RealtimeApp;
  let control: RealtimeControl;

  beforeAll(async () => {
    redis = await RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' });
    here = await RealtimeApp.start({ redis: { url: redis.url } });
    control = here.app.get(RealtimeControl);
    await until(isUp);
  });
  afterAll(async () => {
    await here.close();
    await redis.stop();
  });

  const isUp = (): boolean => here.app.get(RedisBridge).status.up;
  const emit = async (id: string): Promise<string | undefined> =>
    (await here.events.emit(CHANNEL, { id, name: id })).id;
  const isServed = async (client: WsClient): Promise<void> => {
    expect(await client.next('subscribed')).toMatchObject({ channel: CHANNEL, server: true });
  };

  it('survive an instance that is killed: the client resumes on another one, and loses nothing', async () => {
    const build = await Build.make();
    const victim = await Instance.create('victim', build.dist, { REDIS_URL: redis.url });
    try {
      await victim.start();
      const client = await connect(`ws://127.0.0.1:${victim.port}/ws?token=${signToken({ sub: 'ann' })}`);
      await client.next('connected');
      const { connections, confirmed, missing } = await control.subscribe('ann', CHANNEL, { require: 'all' });
      expect([connections, confirmed.length, missing]).toEqual([1, 2, []]);
      await isServed(client);
      const seen = await emit('seen');
      expect(await client.next('event')).toMatchObject({ id: seen });

      await victim.kill();
      await client.closed;
      const missed = await emit('missed');
      const again = await here.connectAs({ sub: 'ann' });
      await isServed(again);
      const answer = await again.ask({ type: 'subscribe', channel: CHANNEL, lastEventId: seen });
      expect(answer).toMatchObject({ recovered: true });
      expect(await again.next('event')).toMatchObject({ id: missed });

      // The lease of the killed instance has not ended, so it counts as one that did not confirm.
      const result = await control.unsubscribe('ann', CHANNEL);
      expect([result.connections, result.confirmed.length, result.missing.length]).toEqual([1, 1, 1]);
      expect(await again.next('unsubscribed')).toMatchObject({ reason: 'by_server' });
      await again.close();
    } finally {
      await victim.kill();
      await build.remove();
    }
  }, 60_000);

  it('survive a restart of Redis, and begin for a connection that opened while Redis was down', async () => {
    const connected = await here.connectAs({ sub: 'bob' });
    await control.subscribe('bob', CHANNEL);
    await isServed(connected);
    await redis.kill();
    await until(() => !isUp());
    await expect(control.subscribe('bob', 'apps:updated')).rejects.toMatchObject({ name: 'RealtimeUnavailableError' });
    const meanwhile = await here.connectAs({ sub: 'bob' });
    await redis.restart();
    await until(isUp);
    await isServed(meanwhile);
    await here.connectAs({ sub: 'bob' }).then(isServed);
    const id = await emit('after');
    for (const client of [connected, meanwhile]) expect(await client.next('event')).toMatchObject({ id });
    expect(await control.unsubscribe('bob', CHANNEL)).toMatchObject({ connections: 3 });
  }, 60_000);
});
