import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { secondsFromNow } from '../../../../test/support/jwt.js';
import { OfflineGateway, type OfflineClient } from '../../../../test/support/offline-gateway.js';
import { sessionOfJti, type Revocation } from '../../auth/revocation.js';
import { Revocations } from '../../auth/revocations.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import { ControlBus, type ControlResult } from './control-bus.js';
import { CommandUnconfirmedError } from './confirmation.js';
import { RealtimeControl } from './realtime-control.service.js';
import { RevocationKeeper } from './revocation-keeper.js';

describe('RealtimeControl', () => {
  let gateway: OfflineGateway;
  let control: RealtimeControl;
  let self: string;

  /** User of the current test. Each test uses other names, because revocations are not removed. */
  let user: string;
  let tests = 0;
  let earlier: Set<string>;

  const revocations = (): string[] => [...gateway.app.get(Revocations)].map((one) => JSON.stringify(one));
  const added = (): Revocation[] =>
    revocations()
      .filter((one) => !earlier.has(one))
      .map((one) => JSON.parse(one) as Revocation);

  beforeEach(() => {
    tests += 1;
    user = `u${tests}`;
    earlier = new Set(revocations());
  });
  beforeAll(async () => {
    gateway = await OfflineGateway.start({
      channels: [{ name: 'secret', access: 'admin' }],
    });
    control = gateway.app.get(RealtimeControl);
    self = gateway.app.get(ControlBus).instanceId;
  });
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });

  const connect = async (sub: string, claims: object = {}): Promise<OfflineClient> => {
    const client = await gateway.connectAs({ sub, ...claims });
    client.received();
    return client;
  };
  const closesOf = (...clients: OfflineClient[]): (readonly number[])[] => clients.map(({ closes }) => closes);
  /** Returns true if a token with these claims is refused. */
  const revoked = (claims: object): Promise<boolean> =>
    gateway.principalOf({ iat: secondsFromNow(0), ...claims }).then(
      () => false,
      () => true,
    );

  describe('disconnects', () => {
    it('all connections of a user, with the actor', async () => {
      const [one, two, other] = [await connect(user), await connect(user), await connect('v')];
      one.connection.close(4000);
      expect(await control.disconnectUser(user, { by: 'ops' })).toEqual({
        confirmed: [self],
        missing: [],
        connections: 1,
      });
      expect(closesOf(one, two, other)).toEqual([[4000], [4403], []]);
      expect([two.connection.closedBy, two.connection.closeReason]).toEqual(['ops', 'accessRevoked']);
      expect(await revoked({ sub: user })).toBe(false);
    });

    it('all connections of a session', async () => {
      const [one, other] = [await connect(user, { jti: `j1 ${user}` }), await connect(user, { jti: `j2 ${user}` })];
      expect((await control.disconnectSession(`j1 ${user}`)).connections).toBe(1);
      expect(closesOf(one, other)).toEqual([[4403], []]);
      expect(one.connection.closedBy).toBeNull();
    });

    it('one connection, if it exists', async () => {
      const [one, other] = [await connect(user), await connect(user)];
      expect((await control.disconnectConnection(one.connection.id)).connections).toBe(1);
      expect((await control.disconnectConnection('gone')).connections).toBe(0);
      expect(closesOf(one, other)).toEqual([[4403], []]);
    });
  });

  it('re-authorizes the subscriptions of a user', async () => {
    const admin = await connect('boss', { role: 'admin' });
    await admin.ask({ type: 'subscribe', channels: ['secret'] });
    expect((await control.reauthorizeUser('boss')).connections).toBe(1);
    expect([admin.received(), admin.connection.authEpoch]).toEqual([[], 1]);
    Object.assign(admin.connection, {
      principal: { ...admin.connection.principal, isAdmin: false },
    });
    await control.reauthorizeUser('boss');
    expect(admin.received()).toEqual([{ type: 'unsubscribed', channel: 'secret', reason: 'access_revoked' }]);
  });

  describe('revokes', () => {
    it('the tokens of a user that were issued until now', async () => {
      const [one, other] = [await connect(user), await connect('v')];
      expect((await control.revokeUser(user, { by: 'ops' })).connections).toBe(1);
      expect([closesOf(one, other), one.connection.closedBy]).toEqual([[[4403], []], 'ops']);
      expect([await revoked({ sub: user, iat: secondsFromNow(-60) }), await revoked({ sub: 'v' })]).toEqual([
        true,
        false,
      ]);
    });

    it('only the tokens that were issued before a time', async () => {
      const [old, recent] = [
        await connect(user, { iat: secondsFromNow(-600) }),
        await connect(user, { iat: secondsFromNow(-60) }),
      ];
      expect(
        (
          await control.revokeUser(user, {
            issuedBefore: new Date(Date.now() - 300_000),
          })
        ).connections,
      ).toBe(1);
      expect(closesOf(old, recent)).toEqual([[4403], []]);
      expect([await revoked({ sub: user, iat: secondsFromNow(-301) }), await revoked({ sub: user })]).toEqual([
        true,
        false,
      ]);
    });

    it('a session until its last token has expired', async () => {
      const iat = secondsFromNow(-60);
      const one = await connect(user, {
        jti: `j ${user}`,
        iat,
        exp: iat + 600,
      });
      const other = await connect(user, { jti: `k ${user}` });
      expect((await control.revokeSession(`j ${user}`)).connections).toBe(1);
      expect(closesOf(one, other)).toEqual([[4403], []]);
      const [known] = added();
      expect(known).toMatchObject({
        kind: 'session',
        id: sessionOfJti(`j ${user}`),
      });
      // A newer token of the session can live as long as the connected one.
      expect(Math.abs((known?.until ?? 0) - (Date.now() + 600_000))).toBeLessThan(5_000);
    });

    it.each([
      ['its end, if it is known', 60_000, 60_000],
      ['the time to live of revocations, without a connection', null, 2_592_000_000],
      ['no longer than that', 9e9, 2_592_000_000],
    ])('a session for %s', async (_what, untilMs, ms) => {
      const { revocationTtlMs } = gateway.app.get(ResolvedRealtimeOptions);
      expect(revocationTtlMs).toBe(2_592_000_000);
      await control.revokeSession(`j ${user}`, untilMs === null ? {} : { until: Date.now() + untilMs });
      const [known] = added();
      expect(Math.abs((known?.until ?? 0) - (Date.now() + ms))).toBeLessThan(5_000);
    });

    it('the token of one connection', async () => {
      const [one, same, other] = [
        await connect(user, { jti: `j ${user}` }),
        await connect(user, { jti: `j ${user}` }),
        await connect(user, { jti: `k ${user}` }),
      ];
      expect((await control.revokeConnection(one.connection.id, { by: 'ops' })).connections).toBe(2);
      expect(closesOf(one, same, other)).toEqual([[4403], [4403], []]);
      expect([await revoked({ sub: user, jti: `j ${user}` }), await revoked({ sub: user, jti: `k ${user}` })]).toEqual([
        true,
        false,
      ]);
      expect((await control.revokeConnection(one.connection.id)).connections).toBe(0);
      expect((await control.revokeConnection('gone')).connections).toBe(0);
    });

    it('the token of a connection until it expires, if it has no jti', async () => {
      const exp = secondsFromNow(600);
      const one = await connect(user, { exp, iat: secondsFromNow(-3_000) });
      await control.revokeConnection(one.connection.id);
      expect(added().map(({ until }) => until)).toEqual([exp * 1_000]);
    });

    it('nothing of a connection without a token, which is closed', async () => {
      const client = gateway.connect();
      expect((await control.revokeConnection(client.connection.id)).connections).toBe(1);
      expect([client.closes, added()]).toEqual([[4403], []]);
    });
  });

  it.each<[string, () => unknown, string]>([
    ['a time in seconds', () => control.revokeUser(user, { issuedBefore: 1_800_000_000 }), 'before 1973'],
    ['a time in the future', () => control.revokeUser(user, { issuedBefore: Date.now() + 600_000 }), 'in the future'],
    ['no time', () => control.revokeAll({ issuedBefore: new Date(NaN) }), 'must be a date'],
    ['an end in seconds', () => control.revokeSession(`j ${user}`, { until: 1_800_000_000 }), 'before 1973'],
    ['an empty user', () => control.revokeUser(''), 'userId must be a non-empty string'],
    ['an empty session', () => control.revokeSession(''), 'jti must be a non-empty string'],
    ['an empty connection', () => control.revokeConnection(''), 'connectionId must be a non-empty string'],
    ['no user', () => control.revokeUser(undefined as never), 'userId must be a non-empty string'],
    ['a tenant without tenants', () => control.disconnectUser(user, { tenant: 'a' }), 'tenant must not be given'],
  ])('rejects %s, and does nothing', async (_what, call, problem) => {
    await expect((async () => call())()).rejects.toThrow(problem);
    expect(added()).toEqual([]);
  });

  it('accepts the first moment that can be milliseconds', async () => {
    await control.revokeUser(user, { issuedBefore: 100_000_000_000 });
    expect(await revoked({ sub: user })).toBe(false);
  });

  it('rejects a command that other instances would not read', async () => {
    await expect(control.disconnectSession('x'.repeat(2_049))).rejects.toThrow(RangeError);
    expect((await control.disconnectSession('x'.repeat(2_048))).connections).toBe(0);
  });

  it('rejects if all instances must confirm, and one does not', async () => {
    const result: ControlResult = {
      confirmed: [self],
      missing: ['other'],
      connections: 0,
    };
    const bus = gateway.app.get(ControlBus);
    const broadcast = jest.spyOn(bus, 'broadcast').mockResolvedValue(result);
    await expect(control.disconnectUser(user, { require: 'all' })).rejects.toEqual(new CommandUnconfirmedError(result));
    await expect(control.disconnectUser(user, { require: 'all' })).rejects.toThrow('did not confirm: other');
    expect(await control.disconnectUser(user)).toBe(result);
    broadcast.mockRestore();
  });

  it('re-authorizes every subscription if commands were missed', async () => {
    const client = await connect(user);
    const bus = gateway.app.get(ControlBus);
    const handler = await new Promise<Parameters<ControlBus['follow']>[0]>((resolve) => {
      bus.follow = async (given) => resolve(given);
      void control.onApplicationBootstrap();
    });
    handler.missed();
    await new Promise(setImmediate);
    expect(client.connection.authEpoch).toBe(1);
    const commands = [{ do: 'load_revocations' }, { do: 'restore_revocations' }] as const;
    expect(await Promise.all(commands.map((command) => handler.execute(command)))).toEqual([0, 0]);
  });

  describe('the revocations', () => {
    it('of another instance close connections here, too, unless they are of the future', async () => {
      const client = await connect(user, { iat: secondsFromNow(-60) });
      const keeper = gateway.app.get(RevocationKeeper);
      const now = gateway.app.get(RealtimeClock).wall();
      const later = {
        kind: 'user',
        id: user,
        before: now + 3_600_000,
        until: now + 7_200_000,
      } as const;
      expect(() => keeper.accept(later)).toThrow('not issued yet');
      expect(keeper.accept({ kind: 'user', id: user, before: now, until: now + 60_000 }, 'ops')).toBe(1);
      expect([client.closes, client.connection.closedBy]).toEqual([[4403], 'ops']);
      expect(keeper.status).toEqual({ up: true });
    });

    it('last as long as the tokens', () => {
      const keeper = gateway.app.get(RevocationKeeper);
      expect(keeper.latestExpiry(1_000)).toBe(2_592_001_000);
    });
  });
});

describe('RealtimeControl.revokeAll', () => {
  it('revokes all tokens: clients get a new one', async () => {
    const gateway = await OfflineGateway.start();
    const [known, anonymous] = [await gateway.connectAs(), gateway.connect()];
    known.received();
    await gateway.app.get(RealtimeControl).revokeAll({ by: 'ops' });
    expect(known.received()).toMatchObject([{ type: 'error', code: 'token_invalid' }]);
    expect([known.closes, known.connection.closedBy, anonymous.closes]).toEqual([[4401], 'ops', []]);
    await expect(gateway.principalOf({ iat: secondsFromNow(-60) })).rejects.toMatchObject({ code: 'token_invalid' });
    await gateway.close();
    Logger.overrideLogger(true);
  });
});
