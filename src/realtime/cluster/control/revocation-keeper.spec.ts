import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { secondsFromNow, TEST_SECRET, type TestClaims } from '../../../../test/support/jwt.js';
import { LinkedCluster, type LinkedBroker } from '../../../../test/support/linked-cluster.js';
import { recordLog } from '../../../../test/support/log-lines.js';
import { OfflineGateway, type OfflineClient } from '../../../../test/support/offline-gateway.js';
import { until } from '../../../../test/support/until.js';
import { RevocationsFullError } from '../../auth/revocation.js';
import { Revocations } from '../../auth/revocations.js';
import { RealtimeUnavailableError } from '../../broker/errors.js';
import { ClusterStatsService } from '../instances/cluster-stats.service.js';
import { ControlBus, UNKNOWN_INSTANCE } from './control-bus.js';
import { RealtimeControl } from './realtime-control.service.js';
import { RevocationKeeper } from './revocation-keeper.js';

interface Member {
  readonly gateway: OfflineGateway;
  readonly broker: LinkedBroker;
  readonly keeper: RevocationKeeper;
  readonly control: RealtimeControl;
  readonly id: string;
}

const PAST = { iat: secondsFromNow(-600) };

describe('the revocations of two instances', () => {
  let cluster: LinkedCluster;
  let here: Member;
  let there: Member;
  let members: Member[];
  /** Each test has a user of its name. */
  let sub: string;
  let tests = 0;

  async function join(cutOff = false): Promise<Member> {
    let broker: LinkedBroker | undefined;
    const onBroker = (made: LinkedBroker): void => {
      broker = made;
      if (cutOff) made.cutOff();
    };
    const gateway = await OfflineGateway.start({ backend: cluster.join(onBroker), jwt: { secret: TEST_SECRET } });
    if (!cutOff) await gateway.app.get(ClusterStatsService).announce();
    const [keeper, control] = [gateway.app.get(RevocationKeeper), gateway.app.get(RealtimeControl)];
    const member = {
      gateway,
      broker: broker as LinkedBroker,
      keeper,
      control,
      id: gateway.app.get(ControlBus).instanceId,
    };
    members.push(member);
    return member;
  }
  const leave = async (member: Member): Promise<void> => {
    members = members.filter((one) => one !== member);
    await member.gateway.close();
  };

  beforeAll(async () => {
    [cluster, members] = [new LinkedCluster(), []];
    [here, there] = [await join(), await join()];
  });
  beforeEach(() => {
    tests += 1;
    sub = `u${tests}`;
  });
  afterAll(async () => {
    for (const member of members) await member.gateway.close();
    Logger.overrideLogger(true);
  });

  const connect = (member: Member, claims: TestClaims = {}): Promise<OfflineClient> =>
    member.gateway.connectAs({ sub, ...PAST, ...claims });
  const isRevoked = (member: Member, claims: TestClaims = {}): Promise<boolean> =>
    member.gateway.principalOf({ sub, ...PAST, ...claims }).then(
      () => false,
      () => true,
    );
  const stored = (): string => [...cluster.revocations.keys()].join();

  it('close connections on both, and are stored', async () => {
    const clients = [await connect(here), await connect(there)];
    const { confirmed, missing, connections } = await here.control.revokeUser(sub, { by: 'ops' });
    expect([confirmed.toSorted(), missing, connections]).toEqual([[here.id, there.id].toSorted(), [], 2]);
    expect(clients.map(({ closes }) => closes)).toEqual([[4403], [4403]]);
    expect(clients.map(({ connection }) => connection.closedBy)).toEqual(['ops', 'ops']);
    expect([await isRevoked(here), await isRevoked(there), stored().includes(`"${sub}"`)]).toEqual([true, true, true]);
  });

  it('are merged: only the later one is stored', async () => {
    await here.control.revokeUser(sub, { issuedBefore: Date.now() - 60_000 });
    await here.control.revokeUser(sub);
    expect(stored().split(`"${sub}"`)).toHaveLength(2);
    expect(await isRevoked(there, { iat: secondsFromNow(-30) })).toBe(true);
  });

  it('are known to an instance that starts later, before its first connection', async () => {
    await here.control.revokeUser(sub);
    const late = await join();
    expect([await isRevoked(late), late.keeper.status]).toEqual([true, { up: true }]);
    await leave(late);
  });

  it('are known to it even if the store has lost them, because others write them back', async () => {
    await here.control.revokeUser(sub);
    cluster.revocations.clear();
    cluster.lineage += 1;
    const late = await join();
    expect([await isRevoked(late), stored().includes(`"${sub}"`)]).toEqual([true, true]);
    await leave(late);
  });

  it('are written back when an instance notices the loss, and only then', async () => {
    await here.control.revokeUser(sub);
    cluster.revocations.clear();
    await there.keeper.restore();
    expect(stored()).toBe('');
    cluster.lineage += 1;
    await there.keeper.restore();
    expect(stored()).toContain(`"${sub}"`);
  });

  it('that the store has in a weaker form are written back', async () => {
    await here.control.revokeUser(sub, { issuedBefore: Date.now() - 300_000 });
    const weaker = new Map(cluster.revocations);
    await here.control.revokeUser(sub);
    const stronger = stored();
    cluster.revocations.clear();
    for (const [entry, end] of weaker) cluster.revocations.set(entry, end);
    await here.keeper.load();
    expect(stored().split(',').toSorted()).toEqual(stronger.split(',').toSorted());
  });

  it('of an instance without the store apply there, and reject', async () => {
    const [own, other] = [await connect(here), await connect(there)];
    here.broker.cutOff();
    await expect(here.control.revokeUser(sub)).rejects.toThrow(RealtimeUnavailableError);
    expect([own.closes, other.closes, await isRevoked(here), await isRevoked(there)]).toEqual([
      [4403],
      [],
      true,
      false,
    ]);
    expect(here.keeper.status).toMatchObject({ up: false, reason: expect.stringContaining('may not know the latest') });
    await here.keeper.restore(); // does nothing while it is cut off
    await here.broker.rejoin();
    await until(() => other.closes.length > 0);
    expect([here.keeper.status, stored().includes(`"${sub}"`)]).toEqual([{ up: true }, true]);
  });

  it('that are stored, but reach no other instance, resolve with an unknown one', async () => {
    const failing = jest.spyOn(here.broker, 'publish').mockRejectedValue(new RealtimeUnavailableError('of the test'));
    const result = await here.control.revokeUser(sub);
    failing.mockRestore();
    expect(result).toEqual({ confirmed: [here.id], missing: [UNKNOWN_INSTANCE], connections: 0 });
    expect([await isRevoked(there), await there.keeper.load(), await isRevoked(there)]).toEqual([false, true, true]);
  });

  it('beyond the capacity of the store close the connections, and reject', async () => {
    const client = await connect(here);
    cluster.capacity = 0;
    await expect(here.control.revokeUser(sub)).rejects.toThrow(RevocationsFullError);
    cluster.capacity = Infinity;
    expect(client.closes).toEqual([4403]);
  });

  it('of another instance beyond the capacity here close the connections, and are logged', async () => {
    const client = await connect(there);
    const revocations = there.gateway.app.get(Revocations);
    revocations.add = () => {
      throw new RevocationsFullError();
    };
    const lines = recordLog();
    const now = Date.now();
    const revocation = { kind: 'user', id: sub, before: now, until: now + 60_000 } as const;
    expect(there.keeper.accept(revocation)).toBe(1);
    Reflect.deleteProperty(revocations, 'add');
    Logger.overrideLogger(false);
    expect([client.closes, lines]).toEqual([[4403], [expect.stringContaining('but the revocation was not stored')]]);
  });

  it('that were forged with a time of the future are ignored', async () => {
    const before = new Set(cluster.revocations.keys());
    await here.control.revokeUser(`${sub} forger`);
    const [entry = ''] = [...cluster.revocations.keys()].filter((one) => !before.has(one));
    const forged = entry.replace(`${sub} forger`, sub).replace(/"before":\d+/, `"before":${Date.now() + 3_600_000}`);
    cluster.revocations.set(forged, Date.now() + 7_200_000);
    expect([await there.keeper.load(), await isRevoked(there)]).toEqual([true, false]);
    cluster.revocations.delete(forged);
  });

  it('last no longer than the latest token', async () => {
    const revocations = there.gateway.app.get(Revocations);
    there.keeper.accept({ kind: 'session', id: sub, until: Date.now() + 9e12 });
    const { until: end = 0 } = revocations.ofSameSubject({ kind: 'session', id: sub, until: 0 }) ?? {};
    expect(Math.abs(end - there.keeper.latestExpiry(Date.now()))).toBeLessThan(5_000);
  });

  it('of a user cover the session of a token that was issued at the same moment', async () => {
    const client = await connect(here, { iat: secondsFromNow(0), jti: sub });
    await here.control.revokeUser(sub);
    expect([client.closes, await isRevoked(here, { iat: secondsFromNow(3), jti: sub })]).toEqual([[4403], true]);
    await until(() => stored().includes(`"jti ${sub}"`));
    const older = await connect(here, { sub: `${sub} older`, jti: `${sub} older` });
    await here.control.revokeUser(`${sub} older`);
    expect([older.closes, stored().includes(`"jti ${sub} older"`)]).toEqual([[4403], false]);
  });

  it('of all users ask the clients for a new token', async () => {
    const client = await connect(there);
    client.received();
    const guest = there.gateway.connect();
    expect((await here.control.revokeAll()).connections).toBeGreaterThan(0);
    expect([client.received(), client.closes, guest.closes]).toEqual([
      [{ type: 'error', code: 'token_invalid', message: 'The token was revoked: get a new one' }],
      [4401],
      [],
    ]);
  });

  it('may be missing on an instance that starts without the store, which says so until it has them', async () => {
    await here.control.revokeUser(sub);
    const late = await join(true);
    expect([late.keeper.status.up, await isRevoked(late)]).toEqual([false, false]);
    await late.broker.rejoin();
    await until(() => late.keeper.status.up);
    expect(await isRevoked(late)).toBe(true);
    await leave(late);
  });
});

describe('the instances that confirm a command', () => {
  it('are reported, and the others are logged', async () => {
    const cluster = new LinkedCluster();
    const gateway = await OfflineGateway.start({ backend: cluster.join() });
    const bus = gateway.app.get(ControlBus);
    await gateway.app.get(ClusterStatsService).announce();
    const command = { do: 'disconnect_user', userKey: 'ann' } as const;
    expect(await bus.broadcast(command)).toEqual({ confirmed: [bus.instanceId], missing: [], connections: 0 });
    const stranger = await new Promise<LinkedBroker>((resolve) => {
      void cluster.join(resolve)({ clock: { now: () => 0 } } as never);
    });
    await stranger.subscribe('$ctl', null);
    const lines = recordLog();
    expect(await bus.broadcast(command, 20)).toMatchObject({
      confirmed: [bus.instanceId],
      missing: [UNKNOWN_INSTANCE],
    });
    expect(lines).toContain(
      'warn: Instances that did not confirm the control command disconnect_user within 20 ms: (unknown). They run it when it reaches them',
    );
    await stranger.close();
    await gateway.close();
    Logger.overrideLogger(true);
  });
});
