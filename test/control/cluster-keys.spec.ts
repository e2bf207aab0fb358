import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { ClusterStatsService, RealtimeControl, RedisBridge } from '../../src/realtime/index.js';
import { ClusterSeal } from '../../src/realtime/auth/cluster-seal.js';
import { sessionOfJti } from '../../src/realtime/auth/revocation.js';
import { Revocations } from '../../src/realtime/auth/revocations.js';
import { RevocationKeeper } from '../../src/realtime/cluster/control/revocation-keeper.js';
import { InstanceDirectory } from '../../src/realtime/cluster/instances/instance-directory.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { errorOf } from '../realtime/support/shapes.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { connect, type WsClient } from '../support/ws-client.js';

const [KEY, NEXT] = ['the key of this cluster, which is long enough', 'the key that follows, which is long enough'];
const REVOKED = { code: 4403, reason: 'access was revoked' };
const idOf = ({ app }: RealtimeApp): string => app.get(InstanceDirectory).id;

describe('a process that can read and write everything in Redis, but has no cluster key', () => {
  let redis: RedisProcess;
  let stranger: Redis;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let control: RealtimeControl;
  /** Messages on the channels between instances, as a subscriber receives them. */
  const messages = new Map<string, string[]>();
  const start = (clusterKeys: string[]): Promise<RealtimeApp> =>
    RealtimeApp.start({ redis: { url: redis.url }, clusterKeys });
  const skipped = (): number => here.app.get(Counters).foreignMessages;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    stranger = new Redis(redis.url);
    const tap = stranger.duplicate();
    tap.on('pmessage', (_pattern, channel: string, text: string) => {
      messages.set(channel, [...(messages.get(channel) ?? []), text]);
    });
    await tap.psubscribe('rt:c:*');
    here = await start([KEY, NEXT]); // keys are being rotated
    there = await start([NEXT, KEY]);
    control = here.app.get(RealtimeControl);
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
    for (const { app } of [here, there]) await app.get(ClusterStatsService).announce();
    stranger.on('close', () => tap.disconnect());
  });
  afterAll(async () => {
    stranger.disconnect();
    await here.close();
    await there.close();
    await redis.stop();
  });

  let number = 0;
  /** Publishes on the channel of commands, at the next offset. */
  async function forge(sealed: string): Promise<void> {
    const [epoch, offset] = messages.get('rt:c:{$ctl}')!.at(-1)!.split(' ');
    number += 1;
    const id = `${number.toString(16).padStart(16, '0')}.1`;
    await stranger.publish('rt:c:{$ctl}', `${epoch} ${Number(offset) + 1} ${id} ${sealed}`);
  }
  const sealedIn = (message: string): string => message.split(' ').slice(3).join(' ');
  /** Stops an instance. Resolves once Redis has noticed. */
  async function end(instance: RealtimeApp): Promise<void> {
    await instance.close();
    const others = async (): Promise<boolean> => (await stranger.pubsub('NUMSUB', 'rt:c:{$ctl}'))[1] === 2;
    while (!(await others())) await delay(20);
  }

  it('cannot close a connection with recorded messages, or with other sealed strings', async () => {
    await there.connectAs({ sub: 'ann' });
    await control.disconnectUser('ann');
    await control.revokeUser('bob');
    const client = await there.connectAs({ sub: 'ann' });
    const [entry] = (await stranger.zrange('rt:revoked', '0', '-1')).filter((member) => member.includes('bob'));
    const texts = [
      ...messages.get('rt:c:{$ctl}')!.map(sealedIn),
      sealedIn(messages.get(`rt:c:{$answers-${idOf(here)}}`)!.at(-1)!),
      entry!,
    ];
    const before = skipped();
    for (const text of [...texts, '{"from":"x","id":"x","at":1,"message":{"do":"disconnect_user","userKey":"ann"}}'])
      await forge(text);
    await until(() => skipped() > before);
    await control.disconnectUser('nobody'); // sent after all of them
    await client.fence();
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    await client.close();
  });

  it('cannot add instances that commands wait for, or keep one that ended', async () => {
    const gone = await start([KEY]);
    await gone.app.get(ClusterStatsService).announce();
    const report = (await stranger.get(`rt:n:${idOf(gone)}`))!;
    const ended = idOf(gone);
    await end(gone);
    const plain = report.slice(report.indexOf('{'));
    const old = JSON.parse(plain) as { health: { seenAt: number } };
    old.health.seenAt -= 400_000;
    const id = 'f'.repeat(16);
    // As if it was recorded while the instance was running.
    const kept = new ClusterSeal([KEY]).seal(`instance ${ended}`, JSON.stringify(old));
    const fakes = { [id]: report, [`${id}0`]: plain, [ended]: kept };
    for (const [name, text] of Object.entries(fakes)) {
      await stranger.set(`rt:n:${name}`, text);
      await stranger.zadd('rt:nodes', '99999999999999', name);
    }
    expect(await control.disconnectUser('nobody', { require: 'all' })).toMatchObject({
      missing: [],
      confirmed: { length: 2 },
    });
    await there.app.get(ClusterStatsService).announce();
    expect(await stranger.zrange('rt:nodes', '99999999999999', '+inf', 'BYSCORE')).toEqual([]);
    await stranger.del(...Object.keys(fakes).map((name) => `rt:n:${name}`));
  });

  it('cannot use a ticket with the holder of another one', async () => {
    const headers = { Authorization: `Bearer ${signToken({ sub: 'boss', role: 'admin' })}` };
    const issued = await fetch(`${here.http}/realtime/tickets`, { method: 'POST', headers });
    const { ticket } = (await issued.json()) as { ticket: string };
    const [key] = await stranger.keys('rt:t:*');
    const own = await fetch(`${here.http}/realtime/tickets`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${signToken({ sub: 'mallory' })}` },
    });
    const mine = (await own.json()) as { ticket: string };
    const [myKey] = (await stranger.keys('rt:t:*')).filter((name) => name !== key);
    await stranger.set(myKey!, (await stranger.get(key!))!);
    const refused = await connect(`${here.url}?ticket=${mine.ticket}`);
    expect(await refused.next()).toEqual(errorOf('token_invalid'));
    const good = await connect(`${there.url}?ticket=${ticket}`);
    expect(await good.next()).toMatchObject({ type: 'connected', user: { userId: 'boss' } });
    await good.close();
  });

  it('cannot revoke with an entry that it wrote to the store, or extend an old one', async () => {
    const client = await there.connectAs({ sub: 'cat' });
    const [entry] = (await stranger.zrange('rt:revoked', '0', '-1')).filter((member) => member.includes('bob'));
    const far = String(Date.now() + 3_600_000);
    for (const text of ['{"kind":"user","id":"cat","before":9e15}', entry!.replace('bob', 'cat'), `${KEY}.${entry}`]) {
      await stranger.zadd('rt:revoked', far, text);
    }
    const before = skipped();
    await there.app.get(RevocationKeeper).load();
    await here.app.get(RevocationKeeper).load();
    expect(skipped() - before).toBeGreaterThanOrEqual(3);
    await client.fence();
    await client.close();
  });

  it('cannot use an instance without the key: results list it as missing, and no instance executes its commands', async () => {
    const client = await there.connectAs({ sub: 'dan' });
    const other = await start([]);
    await until(() => other.app.get(RedisBridge).status.up);
    expect(await control.disconnectUser('nobody')).toMatchObject({ confirmed: { length: 2 }, missing: ['(unknown)'] });
    const theirs = await other.app.get(RealtimeControl).disconnectUser('dan');
    expect(theirs).toMatchObject({ confirmed: [idOf(other)], missing: { length: 2 } });
    await end(other);
    await client.fence();
    await control.disconnectUser('dan');
    expect(await client.closed).toEqual(REVOKED);
  });
});

describe('a command that other instances would reject', () => {
  let redis: RedisProcess;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let control: RealtimeControl;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    here = await RealtimeApp.start({ redis: { url: redis.url }, operatorApi: true });
    there = await RealtimeApp.start({ redis: { url: redis.url } });
    control = here.app.get(RealtimeControl);
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  });
  afterAll(async () => {
    await here.close();
    await there.close();
    await redis.stop();
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the id of a user', () => control.revokeUser('u'.repeat(3_000))],
    ['the id of a session', () => control.revokeSession('s'.repeat(3_000))],
    ['the id of a connection', () => control.revokeConnection('c'.repeat(3_000))],
    ['the name of an actor', () => control.revokeUser('eve', { by: 'o'.repeat(3_000) })],
    ['the type of an actor', () => control.revokeAll({ by: 5 as unknown as string })],
  ])('is rejected before anything is done if %s is too long or not a string', async (_what, send) => {
    const client = await here.connectAs({ sub: 'eve' });
    await expect(send()).rejects.toThrow(RangeError);
    await client.fence();
    await client.close();
  });

  it('has status 400 over REST', async () => {
    const headers = { Authorization: `Bearer ${signToken({ sub: 'boss', role: 'admin' })}` };
    const long = 'x'.repeat(3_000);
    for (const path of [`sessions/${long}/revoke`, `users/${long}/disconnect`, `connections/${long}/revoke`]) {
      const { status } = await fetch(`${here.http}/realtime/${path}`, { method: 'POST', headers });
      expect([path.slice(0, 9), status]).toEqual([path.slice(0, 9), 400]);
    }
  });

  it('does not prevent an instance from loading revocations later', async () => {
    await control.revokeUser('u'.repeat(3_000)).catch(() => undefined);
    const stranger = new Redis(redis.url);
    await stranger.del('rt:revoked');
    stranger.disconnect();
    expect(await here.app.get(RevocationKeeper).load()).toBe(true);
  });

  it('counts the connections of tokens that were just issued, on each instance', async () => {
    for (let round = 0; round < 5; round += 1) {
      const token = signToken({ sub: `fay${round}`, jti: `fay${round}`, iat: Date.now() });
      const clients: WsClient[] = [];
      for (const app of [here, there]) {
        const client = await app.connect({ header: `Bearer ${token}` });
        await client.next('connected');
        clients.push(client);
      }
      const openedBy = Date.now();
      await until(() => Date.now() > openedBy);
      const revoked = control.revokeUser(`fay${round}`);
      // The clock of the issuer can be ahead, so the token itself is revoked as well, on this instance at once.
      const session = { kind: 'session', id: sessionOfJti(`fay${round}`), until: 0 } as const;
      expect(here.app.get(Revocations).covers(session)).toBe(true);
      expect(await revoked).toMatchObject({ connections: 2, missing: [] });
      expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual([REVOKED, REVOKED]);
    }
  });
});
