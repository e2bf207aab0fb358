import { Logger } from '@nestjs/common';
import { secondsFromNow, signToken, TEST_SECRET as SECRET, type TestClaims } from '../../../../test/support/jwt.js';
import { OfflineGateway, type OfflineClient } from '../../../../test/support/offline-gateway.js';
import { ProtocolError } from '../../../protocol/index.js';
import { AuthService } from '../../auth/auth.service.js';
import { Revocations } from '../../auth/revocations.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { RealtimeAudit, type AuditEntry } from '../audit/realtime-audit.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';

const BAD = { type: 'auth', token: 'rubbish' };

describe('auth on an open connection', () => {
  let gateway: OfflineGateway;
  let options: ResolvedRealtimeOptions;
  let auth: AuthService;
  let verify: AuthService['verifyClient'];
  let entries: AuditEntry[];
  /** Each test has a user of its name, because users have limits. */
  let sub: string;
  let tests = 0;

  beforeAll(async () => {
    const record = (entry: AuditEntry): void => void entries.push(entry);
    entries = [];
    gateway = await OfflineGateway.start(
      {
        channels: [{ name: 'members', access: { roles: ['member'] } }],
        jwt: { secret: SECRET, allowWithoutExpiry: true },
      },
      [{ provide: RealtimeAudit, useValue: { record } }],
    );
    options = gateway.app.get(ResolvedRealtimeOptions);
    auth = gateway.app.get(AuthService);
    verify = auth.verifyClient.bind(auth);
  });
  beforeEach(() => {
    tests += 1;
    sub = `u${tests}`;
    entries = [];
    auth.verifyClient = verify;
    options.maxConnectionsPerUser = 100;
  });
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });

  const guest = (): OfflineClient => {
    const client = gateway.connect();
    client.received();
    return client;
  };
  const connectAs = async (claims: TestClaims = {}): Promise<OfflineClient> => {
    const client = await gateway.connectAs({ sub, ...claims });
    client.received();
    return client;
  };
  const send = (client: OfflineClient, claims: TestClaims = {}): Promise<Record<string, unknown>[]> =>
    client.ask({ type: 'auth', token: signToken({ sub, ...claims }), ref: 'r' });
  const connectionsOf = (userId: string): number => gateway.app.get(ConnectionRegistry).ofUser(userId).size;
  const audited = (): unknown[] =>
    entries.map((entry) => ('reason' in entry ? [entry.event, entry.reason] : entry.event));

  it('gives a connection without a token its user, its channels and its end', async () => {
    const client = guest();
    const exp = secondsFromNow(100);
    expect(await send(client, { exp })).toEqual([
      {
        type: 'authenticated',
        connectionId: client.connection.id,
        user: { userId: sub, email: 'u1@example.com', role: 'user' },
        authorizedChannels: expect.arrayContaining([`user:${sub}`]),
        expiresAt: new Date(exp * 1_000).toISOString(),
        ref: 'r',
      },
    ]);
    expect([connectionsOf(sub), audited()]).toEqual([1, ['connected', 'identified']]);
  });

  it('names no end of a token that does not expire', async () => {
    const [answer] = await send(guest(), { exp: undefined });
    expect(answer).toMatchObject({ type: 'authenticated' });
    expect(answer).not.toHaveProperty('expiresAt');
  });

  it('ends the subscriptions that the new token does not allow, after the answer', async () => {
    const client = await connectAs({ role: 'member' });
    await client.ask({ type: 'subscribe', channel: 'members' });
    expect(await client.ask({ type: 'auth', token: signToken({ sub }) }, 2)).toMatchObject([
      { type: 'authenticated' },
      { type: 'unsubscribed', channel: 'members', reason: 'access_revoked' },
    ]);
  });

  it('refuses the token of another user, and keeps the first one', async () => {
    const client = await connectAs();
    const before = client.connection.principal;
    expect(await send(client, { sub: 'another' })).toMatchObject([
      {
        type: 'error',
        code: 'forbidden',
        message: 'This connection belongs to another user: open a new one',
        ref: 'r',
      },
    ]);
    expect([client.connection.principal, connectionsOf('another')]).toEqual([before, 0]);
    expect(audited()).toEqual(['connected', ['refused', 'forbidden']]);
  });

  it('closes the connection with the third refusal in a row', async () => {
    const client = await connectAs();
    for (const frame of [BAD, BAD]) await client.ask(frame);
    await send(client);
    for (const frame of [BAD, BAD]) await client.ask(frame);
    expect(client.closes).toEqual([]);
    expect(await client.ask(BAD)).toMatchObject([{ code: 'token_invalid' }]);
    expect(client.closes).toEqual([4401]);
  });

  it('does not count a token that cannot be verified now', async () => {
    const client = await connectAs();
    auth.verifyClient = () => Promise.reject(new ProtocolError('unavailable'));
    for (let count = 0; count < 4; count += 1) expect(await send(client)).toMatchObject([{ code: 'unavailable' }]);
    expect([client.closes, client.connection.refusedAuths]).toEqual([[], 0]);
    expect(audited()).toContainEqual(['refused', 'unavailable']);
  });

  it('answers a failure without its message, and counts it', async () => {
    const client = await connectAs();
    auth.verifyClient = () => Promise.reject(new Error('secret'));
    const [answer] = await send(client);
    expect([answer?.['code'], JSON.stringify(answer).includes('secret')]).toEqual(['internal', false]);
    expect([client.connection.refusedAuths, audited()]).toEqual([1, ['connected', ['refused', 'internal']]]);
  });

  it('refuses a token that was revoked while it was verified', async () => {
    const client = guest();
    auth.verifyClient = async (...given) => {
      const principal = await verify(...given);
      gateway.app.get(Revocations).add({ kind: 'session', id: principal.session, until: Date.now() + 60_000 });
      return principal;
    };
    expect(await send(client, { jti: sub })).toMatchObject([{ code: 'token_invalid' }]);
    expect(connectionsOf(sub)).toBe(0);
  });

  it('does nothing if the connection closes meanwhile', async () => {
    const client = guest();
    auth.verifyClient = (...given) => {
      client.connection.close();
      return verify(...given);
    };
    client.send({ type: 'auth', token: signToken({ sub }) });
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect([client.received(), connectionsOf(sub), audited()]).toEqual([[], 0, ['connected']]);
  });

  it('refuses a user with too many connections, and closes this one', async () => {
    await connectAs();
    const client = guest();
    options.maxConnectionsPerUser = 1;
    expect(await send(client)).toMatchObject([{ code: 'too_many_connections', ref: 'r' }]);
    expect([client.closes, connectionsOf(sub)]).toEqual([[4429], 1]);
    expect(audited().at(-1)).toEqual(['refused', 'too_many_connections']);
    expect(entries.at(-1)).toMatchObject({ userId: sub, connectionId: client.connection.id });
  });

  it('renews the token of a user who has as many connections as allowed', async () => {
    const client = await connectAs();
    options.maxConnectionsPerUser = 1;
    const exp = secondsFromNow(50);
    expect(await send(client, { exp })).toMatchObject([{ type: 'authenticated' }]);
    expect([client.connection.principal?.expiresAt, connectionsOf(sub)]).toEqual([exp * 1_000, 1]);
  });

  it('is limited: too many renewals are refused with the time to wait', async () => {
    const client = await connectAs();
    for (let count = 0; count < 10; count += 1) await send(client);
    expect(await send(client)).toMatchObject([
      { code: 'rate_limited', message: 'Too many renewals of the token: try again in 5 s', ref: 'r' },
    ]);
    expect([client.connection.refusedAuths, client.closes]).toEqual([0, []]);
  });
});
