import { RealtimeControl, RedisBridge } from '../../src/realtime/index.js';
import { ChannelPolicyService } from '../../src/realtime/channels/channel-policy.service.js';
import { Redis } from 'ioredis';
import { ProtocolError } from '../../src/protocol/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';

const REVOKED = { code: 4403, reason: 'access was revoked' };

describe.each(['memory', 'Redis'])('RealtimeControl over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let control: RealtimeControl;

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start({ appendonly: 'yes' });
    const options = redis === null ? {} : { redis: { url: redis.url } };
    here = await RealtimeApp.start(options);
    there = redis === null ? here : await RealtimeApp.start(options);
    control = here.app.get(RealtimeControl);
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });

  it('closes all connections of a user, on all instances, and no others', async () => {
    const own = [await here.connectAs({ sub: 'ann' }), await there.connectAs({ sub: 'ann' })];
    const other = await there.connectAs({ sub: 'bob' });
    await control.disconnectUser('ann');
    expect(await Promise.all(own.map(({ closed }) => closed))).toEqual([REVOKED, REVOKED]);
    await other.fence();
    await other.close();
  });

  it('closes one session by the jti of its token', async () => {
    const [ended, kept] = [
      await there.connectAs({ sub: 'ann', jti: 'one' }),
      await there.connectAs({ sub: 'ann', jti: 'two' }),
    ];
    await control.disconnectSession('one');
    expect(await ended.closed).toEqual(REVOKED);
    await kept.fence();
    await kept.close();
  });

  it('closes one connection by its id', async () => {
    const [ended, kept] = [await there.connectAs({ sub: 'ann' }), await there.connectAs({ sub: 'ann' })];
    const { connectionId } = ended.frames[0] as unknown as { connectionId: string };
    await control.disconnectConnection(connectionId);
    expect(await ended.closed).toEqual(REVOKED);
    await kept.fence();
    await kept.close();
  });

  it('re-authorizes the subscriptions of a user, and delivers nothing on refused ones afterwards', async () => {
    const client = await there.connectAs({ sub: 'ann' });
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    await client.ask({ type: 'subscribe', channel: 'apps:updated' });
    // The application revoked a permission.
    const policy = there.app.get(ChannelPolicyService);
    const authorize = policy.authorize.bind(policy);
    policy.authorize = async (principal, name) => {
      if (name === 'apps:created') throw new ProtocolError('forbidden', { channel: name });
      return authorize(principal, name);
    };
    try {
      await control.reauthorizeUser('ann');
      const frame = await client.next('unsubscribed');
      expect(frame).toMatchObject({ channel: 'apps:created', reason: 'access_revoked' });
      await here.events.emit('apps:created', { id: '1', name: 'unseen' });
      await here.events.emit('apps:updated', { id: '1', name: 'seen' });
      expect(await client.next('event')).toMatchObject({ channel: 'apps:updated' });
    } finally {
      policy.authorize = authorize;
      await client.close();
    }
  });
});

describe('an instance that was disconnected', () => {
  it('executes the commands that it missed once it is back', async () => {
    const redis = await RedisProcess.start();
    const other = await RealtimeApp.start({ redis: { url: redis.url } });
    const cutOff = await RealtimeApp.start({ redis: { url: redis.url } });
    const bridges = [other, cutOff].map(({ app }) => app.get(RedisBridge));
    await until(() => bridges.every(({ status }) => status.up));
    const client = await cutOff.connectAs({ sub: 'ann' });
    // Its subscribing connection is lost, and does not return before the command was sent.
    const { connection } = (
      bridges[1] as unknown as {
        broker: { subscribeLink: { connection: { connect: unknown; reset(why: string): void } } };
      }
    ).broker.subscribeLink;
    const connect = connection.connect;
    connection.connect = () => Promise.reject(new Error('cut off by the test'));
    connection.reset('cut off by the test');
    await until(() => !bridges[1]!.status.up);
    await other.app.get(RealtimeControl).disconnectUser('ann');
    connection.connect = connect;
    expect(await client.closed).toEqual(REVOKED);
    await other.close();
    await cutOff.close();
    await redis.stop();
  });
});

describe('a process that can write to Redis', () => {
  it('cannot crash an instance: invalid messages are skipped and counted, and commands still work', async () => {
    const redis = await RedisProcess.start();
    const app = await RealtimeApp.start({
      redis: { url: redis.url },
      channels: [{ name: 'rooms:lobby', access: 'authenticated', presence: true }],
    });
    const counters = app.app.get(Counters);
    await until(() => app.app.get(RedisBridge).status.up);
    const client = await app.connectAs({ sub: 'ann' });
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    const stranger = new Redis(redis.url);
    const bodies = [
      ...['no body at all', '{"broken":', 'null', '5', '{"from":"x","message":{"channels":null}}'],
      '{"from":"x","id":"i","at":1,"message":{"do":"unheard of"}}',
    ];
    for (const channel of ['$ctl', '$presence']) {
      for (const body of bodies) await stranger.publish(`rt:c:{${channel}}`, `- 0 0000000000000000.1 ${body}`);
    }
    for (const message of ['hello', '- 0 0000000000000000.1 no body at all']) {
      await stranger.publish('rt:c:{apps:created}', message);
    }
    await app.events.emit('apps:created', { id: '1', name: 'real' });
    expect(await client.next('event')).toMatchObject({ data: { name: 'real' } });
    expect(counters.foreignMessages).toBe(14);
    await app.app.get(RealtimeControl).disconnectUser('ann');
    expect(await client.closed).toEqual(REVOKED);
    stranger.disconnect();
    await app.close();
    await redis.stop();
  });
});
