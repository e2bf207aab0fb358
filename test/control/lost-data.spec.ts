import { Redis } from 'ioredis';
import { once } from 'node:events';
import {
  ClusterStatsService,
  CommandUnconfirmedError,
  RealtimeControl,
  RealtimeHealth,
  RedisBridge,
} from '../../src/realtime/index.js';
import { InstanceDirectory } from '../../src/realtime/cluster/instances/instance-directory.js';
import { RevocationKeeper } from '../../src/realtime/cluster/control/revocation-keeper.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { errorOf } from '../realtime/support/shapes.js';
import { signToken, TEST_SECRET } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';

const REVOKED = { code: 4403, reason: 'access was revoked' };

describe('control commands and revocations when Redis loses its data', () => {
  let redis: RedisProcess;
  let operator: Redis;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let control: RealtimeControl;
  const options = (): object => ({ redis: { url: redis.url }, jwt: { secret: TEST_SECRET, allowWithoutExpiry: true } });
  const idOf = ({ app }: RealtimeApp): string => app.get(InstanceDirectory).id;
  const bothIds = (): string[] => [idOf(here), idOf(there)].toSorted();

  beforeAll(async () => {
    redis = await RedisProcess.start();
    operator = new Redis(redis.url);
    here = await RealtimeApp.start(options());
    there = await RealtimeApp.start(options());
    control = here.app.get(RealtimeControl);
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
    await control.disconnectUser('nobody'); // creates the log of commands, with an epoch and a position
  });
  afterAll(async () => {
    operator.disconnect();
    await here.close();
    await there.close();
    await redis.stop();
  });

  it.each<[string, () => Promise<unknown>]>([
    ['FLUSHALL', () => operator.flushall()],
    ['the log of commands was deleted', () => operator.del(...['rt:m:{$ctl}', 'rt:h:{$ctl}'])],
  ])('executes the first command after a loss (%s), and lists the instances that confirmed', async (_what, lose) => {
    const clients = [await here.connectAs({ sub: 'ann' }), await there.connectAs({ sub: 'ann' })];
    await lose();
    const { confirmed, missing, connections } = await control.disconnectUser('ann');
    expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual([REVOKED, REVOKED]);
    expect({ confirmed: confirmed.toSorted(), missing, connections }).toEqual({
      confirmed: bothIds(),
      missing: [],
      connections: 2,
    });
  });

  it('revokes a token without exp on all instances', async () => {
    const token = signToken({ sub: 'bob', exp: undefined, jti: 'endless' });
    const client = await there.connect({ header: `Bearer ${token}` });
    await client.next('connected');
    expect(await control.revokeSession('endless', { require: 'all' })).toMatchObject({ missing: [], connections: 1 });
    expect(await client.closed).toEqual(REVOKED);
    const again = await there.connect({ header: `Bearer ${token}` });
    expect(await again.next()).toEqual(errorOf('token_invalid'));
  });

  it('applies a lost revocation on an instance that starts right after the loss, from its first connection on', async () => {
    const token = signToken({ sub: 'cat', jti: 'lost' });
    await control.revokeSession('lost');
    await operator.flushall();
    const later = await RealtimeApp.start(options());
    const client = await later.connect({ header: `Bearer ${token}` });
    expect(await client.next()).toEqual(errorOf('token_invalid'));
    expect(later.app.get(RealtimeHealth).check()).toMatchObject({ status: 'ok', revocations: 'current' });
    await later.close();
  });

  it('writes lost revocations back from a running instance that detects the loss', async () => {
    await control.revokeUser('dan');
    await operator.del('rt:revoked');
    await there.app.get(RevocationKeeper).restore();
    const stored = await operator.zrange('rt:revoked', '0', '-1');
    expect(stored.join()).toContain('"dan"');
  });

  it('rejects with the missing instance if the caller requires all', async () => {
    for (const { app } of [here, there]) await app.get(ClusterStatsService).announce(); // the directory was lost, too
    const deaf = new Redis(redis.url);
    await deaf.subscribe('rt:c:{$ctl}');
    const refused = control.disconnectUser('nobody', { require: 'all' });
    await expect(refused).rejects.toThrow(CommandUnconfirmedError);
    await expect(refused).rejects.toMatchObject({ result: { confirmed: { length: 2 }, missing: ['(unknown)'] } });
    deaf.disconnect();
  });

  it('lists a disconnected instance as missing, and reports in its readiness that it may not know revocations', async () => {
    const directory = here.app.get(InstanceDirectory);
    expect([...(await directory.all()).keys()].toSorted()).toEqual(bothIds());
    const { connection } = there.app.get<{
      broker: { subscribeLink: { connection: { client: Redis; close(): void } } };
    }>(RedisBridge).broker.subscribeLink;
    const { client } = connection;
    connection.close();
    if (client.status !== 'end') await once(client, 'end'); // until then, messages can still arrive
    await until(() => !there.app.get(RedisBridge).status.up);
    const health = there.app.get(RealtimeHealth).check();
    expect(health).toMatchObject({ status: 'unavailable', revocations: 'stale' });
    expect(health.reason).toContain('may not know the latest revocations');
    expect(await control.disconnectUser('nobody')).toMatchObject({ confirmed: [idOf(here)], missing: [idOf(there)] });
  });
});
