import { GuestTickets, RedisBridge } from '../../src/realtime/index.js';
import { Build } from '../fault/build.js';
import { Instance } from '../fault/instance.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { connect, type WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';

const CHANNEL = 'apps:created';

/** Another instance is killed, and then Redis is killed and restarted. */
describe('after SIGKILL of an instance, and a restart of Redis', () => {
  let redis: RedisProcess;
  let here: RealtimeApp;
  let build: Build;
  let victim: Instance;

  beforeAll(async () => {
    redis = await RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' });
    here = await RealtimeApp.start({ redis: { url: redis.url } });
    build = await Build.make();
    victim = await Instance.create('victim', build.dist, { REDIS_URL: redis.url });
    await Promise.all([victim.start(), until(isUp)]);
  }, 60_000);
  afterAll(async () => {
    await victim.kill();
    await build.remove();
    await here.close();
    await redis.stop();
  });

  const isUp = (): boolean => here.app.get(RedisBridge).status.up;
  const emit = async (id: string, except?: string): Promise<string | undefined> =>
    (await here.events.emit(CHANNEL, { id, name: id }, except === undefined ? {} : { except })).id;
  const open = async (port: number, query: string): Promise<[WsClient, string]> => {
    const client = await connect(`ws://127.0.0.1:${port}/ws?${query}`);
    return [client, (await client.next('connected')).connectionId];
  };
  const restartRedis = async (): Promise<void> => {
    await redis.kill();
    await until(() => !isUp());
    await redis.restart();
    await until(isUp);
  };

  it('a client does not get its own events, and a share link gives its channels until it is revoked', async () => {
    const { ticket } = await here.app.get(GuestTickets).issue({ channels: [CHANNEL], ttlMs: 60_000, name: 'link' });
    const [sender, connectionId] = await open(victim.port, `token=${signToken({ sub: 'ann' })}`);
    const [guest] = await open(victim.port, `ticket=${ticket}`);
    for (const client of [sender, guest]) await client.ask({ type: 'subscribe', channel: CHANNEL });
    const seen = await emit('seen');
    for (const client of [sender, guest]) expect(await client.next('event')).toMatchObject({ id: seen });

    await victim.kill();
    await Promise.all([sender.closed, guest.closed]);
    const own = await emit('own', connectionId);
    const last = await emit('of another');
    const [back] = await open(here.port, `token=${signToken({ sub: 'ann' })}`);
    const [visitor] = await open(here.port, `ticket=${ticket}`);
    const resume = { type: 'subscribe', channel: CHANNEL, lastEventId: seen };
    expect(await back.ask({ ...resume, connectionId })).toMatchObject({ recovered: true });
    expect(await back.next('event')).toMatchObject({ id: last });
    expect(await visitor.ask(resume)).toMatchObject({ recovered: true });
    expect(await visitor.next('event')).toMatchObject({ id: own });
    expect(await visitor.next('event')).toMatchObject({ id: last });

    await restartRedis();
    for (const client of [back, visitor]) await client.next('resync'); // it would cover the next events
    await emit('own again', connectionId);
    const later = await emit('after the restart');
    expect(await back.next('event')).toMatchObject({ id: later });
    expect(await visitor.next('event')).toMatchObject({ data: { id: 'own again' } });
    const [late] = await open(here.port, `ticket=${ticket}`);
    expect(await late.ask({ type: 'subscribe', channel: CHANNEL })).toMatchObject({ type: 'subscribed' });
    expect(await late.ask({ type: 'subscribe', channel: 'apps:deleted' })).toMatchObject({ code: 'forbidden' });

    await here.app.get(GuestTickets).revoke('link');
    expect(await visitor.closed).toMatchObject({ code: 4403 });
    await restartRedis();
    const refused = await connect(`ws://127.0.0.1:${here.port}/ws?ticket=${ticket}`);
    expect(await refused.next('error')).toMatchObject({ code: 'token_invalid' });
    await Promise.all([back.close(), late.closed, refused.closed]);
  }, 60_000);
});
