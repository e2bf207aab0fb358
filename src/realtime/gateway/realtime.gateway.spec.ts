import { Logger } from '@nestjs/common';
import { signToken } from '../../../test/support/jwt.js';
import { OfflineGateway, type OfflineClient } from '../../../test/support/offline-gateway.js';
import { until } from '../../../test/support/until.js';
import { Revocations } from '../auth/revocations.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { Counters } from '../observability/counters.js';
import { FEATURES } from '../../protocol/index.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { RealtimeAudit, type AuditEntry } from './audit/realtime-audit.js';
import { RealtimeGateway } from './realtime.gateway.js';
import { RealtimeServer } from './realtime-server.js';

const HISTORY = { size: 10, ttlMs: 60_000 };

describe('RealtimeGateway', () => {
  let gateway: OfflineGateway;
  let options: ResolvedRealtimeOptions;
  let defaults: Partial<ResolvedRealtimeOptions>;
  const entries: AuditEntry[] = [];

  beforeAll(async () => {
    const record = (entry: AuditEntry): void => void entries.push(entry);
    gateway = await OfflineGateway.start({ channels: [{ name: 'open', access: 'public', history: HISTORY }] }, [
      { provide: RealtimeAudit, useValue: { record } },
    ]);
    options = gateway.app.get(ResolvedRealtimeOptions);
    defaults = Object.fromEntries(Object.entries(options));
  });
  beforeEach(() => {
    Object.assign(options, defaults);
    entries.length = 0;
  });
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });

  const registry = (): ConnectionRegistry => gateway.app.get(ConnectionRegistry);
  const counted = (type: string): number => gateway.app.get(Counters).framesReceived.get(type);

  describe('a new connection', () => {
    it('receives its id, user, channels, expiry and the features of the server', async () => {
      const client = await gateway.connectAs({ exp: 4_000_000_000 });
      expect(client.received()).toMatchObject([
        {
          ...{
            type: 'connected',
            connectionId: client.connection.id,
            heartbeatMs: options.heartbeatIntervalMs,
          },
          user: { userId: 'u1', email: 'u1@example.com', role: 'user' },
          authorizedChannels: expect.arrayContaining(['open', 'user:u1']),
          expiresAt: new Date(4_000_000_000_000).toISOString(),
          features: FEATURES,
        },
      ]);
      expect(registry().get(client.connection.id)).toBe(client.connection);
    });

    it('has no user without a token', () => {
      const [connected] = gateway.connect().received();
      expect(connected).toMatchObject({ type: 'connected', user: null });
      expect(connected).not.toHaveProperty('expiresAt');
      expect(connected).not.toHaveProperty('tenant');
    });

    it('is ignored if a gateway of the application has closed it', () => {
      const client = gateway.open();
      client.connection.close();
      gateway.accept(client);
      expect([client.received(), registry().get(client.connection.id)]).toEqual([[], undefined]);
    });

    it('is refused if its token was revoked meanwhile', async () => {
      const client = gateway.open(await gateway.principalOf({ sub: 'revoked', jti: 'j' }));
      const { session } = client.connection.principal!;
      gateway.app.get(Revocations).add({ kind: 'session', id: session, until: Date.now() + 60_000 });
      gateway.accept(client);
      expect(client.received()).toMatchObject([{ type: 'error', code: 'token_invalid' }]);
      expect([client.closes, registry().get(client.connection.id)]).toEqual([[4401], undefined]);
      expect(entries).toMatchObject([{ event: 'refused', reason: 'token_invalid', connectionId: null }]);
    });

    it('is refused if its user has too many', async () => {
      options.maxConnectionsPerUser = 1;
      const claims = { sub: 'busy' };
      expect((await gateway.connectAs(claims)).closes).toEqual([]);
      const second = await gateway.connectAs(claims);
      expect([second.closes, second.received()]).toMatchObject([[4429], [{ code: 'too_many_connections' }]]);
    });

    it('subscribes to the channels of its URL after `connected`, within the size of a frame', async () => {
      const client = gateway.connect('/ws?channels=open');
      expect((await client.next(2)).map(({ type, channel }) => [type, channel])).toEqual([
        ['connected', undefined],
        ['subscribed', 'open'],
      ]);
      const size = JSON.stringify({
        type: 'subscribe',
        channels: ['open'],
      }).length;
      options.maxFrameBytes = size;
      const fitting = gateway.connect('/ws?channels=open');
      expect(await fitting.next(2)).toMatchObject([{}, { type: 'subscribed' }]);
      options.maxFrameBytes = size - 1;
      const tooLong = gateway.connect('/ws?channels=open');
      expect(tooLong.received()).toMatchObject([{}, { code: 'invalid_message', details: [{ field: 'channels' }] }]);
    });
  });

  describe('an anonymous connection, if a token is required,', () => {
    beforeEach(() => Object.assign(options, { anonymous: false }));

    it('can only authenticate, within a time limit', async () => {
      const client = gateway.connect('/ws?channels=open');
      const now = gateway.app.get(RealtimeClock).now();
      expect(client.received()).toEqual([]);
      expect(client.connection.authDeadline - now).toBeGreaterThan(options.authTimeoutMs - 1_000);
      for (const frame of [{ type: 'ping' }, { type: 'x-own' }, { type: 'subscribe' }]) client.send(frame);
      const answers = await client.next(3);
      expect(answers.map(({ code }) => code)).toEqual(['auth_required', 'auth_required', 'auth_required']);
      client.send('{');
      client.send({ type: 'auth' });
      expect((await client.next(2)).map(({ code }) => code)).toEqual(['invalid_json', 'invalid_message']);

      const [connected, subscribed] = await client.ask({ type: 'auth', token: signToken(), ref: 'r' }, 2);
      expect(connected).toMatchObject({
        type: 'connected',
        user: { userId: 'u1' },
        ref: 'r',
      });
      expect(subscribed).toMatchObject({ type: 'subscribed', channel: 'open' });
      expect(client.connection.awaitsAuth).toBe(false);
    });
  });

  describe('a frame', () => {
    it('is answered with its ref, and counted by its type', async () => {
      const client = gateway.connect();
      client.received();
      const before = counted('ping');
      expect(await client.ask({ type: 'ping', ref: 'r1' })).toEqual([{ type: 'pong', ref: 'r1' }]);
      expect(counted('ping')).toBe(before + 1);
      expect(client.connection.messages).toBe(1);
    });

    it.each([
      ['no JSON', '{', 'invalid_json'],
      ['a type that does not exist', { type: 'x-own' }, 'unknown_type'],
      ['a missing field', { type: 'presence' }, 'invalid_message'],
    ])('with %s is answered with an error', async (_what, frame, code) => {
      const client = gateway.connect();
      client.received();
      const before = counted('bad');
      expect(await client.ask(frame)).toMatchObject([{ type: 'error', code }]);
      expect(counted('bad')).toBe(before + 1);
    });

    it('is invalid if it is binary', async () => {
      const client = gateway.connect();
      client.received();
      client.send({ type: 'ping' }, true);
      expect(await client.next()).toMatchObject([{ code: 'invalid_message' }]);
    });

    it('closes the connection if it is the 101st invalid one within a minute', async () => {
      options.framesPerSecond = 1_000;
      const client = gateway.connect();
      for (let count = 0; count < 100; count += 1) client.send('{');
      expect(client.closes).toEqual([]);
      client.send('{');
      expect(client.closes).toEqual([4400]);
    });

    it('is refused beyond the rate, and a flood closes the connection', async () => {
      options.framesPerSecond = 5;
      const client = gateway.connect();
      client.received();
      const before = counted('rate_limited');
      client.connection.alive = false;
      for (let count = 0; count < 10; count += 1) client.send({ type: 'ping' });
      client.ping();
      expect(client.received().map(({ type, code }) => code ?? type)).toEqual([
        ...Array.from({ length: 10 }, () => 'pong'),
        'rate_limited',
      ]);
      expect([client.connection.alive, counted('rate_limited')]).toEqual([true, before + 1]);
      for (let count = 0; count < 8; count += 1) client.send({ type: 'ping' });
      expect(client.closes).toEqual([]);
      client.send({ type: 'ping' });
      expect(client.closes).toEqual([4503]);
      client.send({ type: 'ping' });
      expect(client.received()).toHaveLength(9);
    });

    it('is refused if reading or answering it exceeds the budget of the client', async () => {
      const client = gateway.open();
      Object.assign(client.connection, { countedAs: '198.51.100.7' });
      gateway.accept(client);
      client.received();
      const { budget } = (gateway.gateway as unknown as { services: { budget: Budget } }).services;
      budget.chargeUnconditionally(client.connection, 60 * options.requestBytesPerSecond);
      expect(await client.ask({ type: 'list_channels', ref: 'r' })).toMatchObject([{ code: 'rate_limited', ref: 'r' }]);
      expect(await client.ask({ type: 'ping' })).toEqual([{ type: 'pong' }]);
      const before = counted('rate_limited');
      expect(await client.ask({ type: 'ping', padding: 'x'.repeat(2_000) })).toMatchObject([{ code: 'rate_limited' }]);
      expect(counted('rate_limited')).toBe(before + 1);
    });

    it('that names many channels counts as several frames', async () => {
      options.framesPerSecond = 5;
      const client = gateway.connect();
      client.received();
      const channels = Array.from({ length: 100 }, (_, index) => `nothing:${index}`);
      client.send({ type: 'subscribe', channels });
      await client.next(100);
      client.send({ type: 'ping' });
      expect(await client.next()).toMatchObject([{ code: 'rate_limited' }]);
    });
  });

  it('answers a ping of the protocol', () => {
    const client = gateway.connect();
    const pongs: string[] = [];
    client.connection.transport.pong = (data?: Buffer) => void pongs.push(String(data));
    client.ping(Buffer.from('p'));
    expect(pongs).toEqual(['p']);
  });

  it('releases a connection that ended, with its subscriptions', async () => {
    const client = gateway.connect('/ws?channels=open');
    await client.next(2);
    const [subscription] = client.connection.subscriptions.values();
    gateway.gateway.handleDisconnect(client.connection);
    expect([registry().get(client.connection.id), client.connection.subscriptions.size]).toEqual([undefined, 0]);
    expect(registry().subscribersOf('open').has(subscription!)).toBe(false);
  });

  it('does not start behind another WebSocket adapter', () => {
    expect(() => gateway.gateway.afterInit({})).toThrow('another WebSocket adapter');
  });

  it('sends heartbeats until the shutdown, which waits for the load balancer only after a signal', async () => {
    const own = await OfflineGateway.start({ heartbeatIntervalMs: 200, drainDelayMs: 7 });
    const client = own.connect();
    let pings = 0;
    client.connection.transport.ping = () => void (pings += 1);
    await until(() => pings > 0);
    own.gateway.handleDisconnect(client.connection);
    const delays: number[] = [];
    own.app.get(RealtimeServer).drain = async (delayMs) => void delays.push(delayMs);
    await own.gateway.beforeApplicationShutdown('SIGTERM');
    await own.gateway.beforeApplicationShutdown();
    expect(delays).toEqual([7, 0]);
    await own.close();
  });

  it('notifies clients of a shutdown, and ends when they are gone', async () => {
    const own = await OfflineGateway.start();
    const client: OfflineClient = own.connect();
    client.received();
    const ending = own.app.get(RealtimeGateway).beforeApplicationShutdown();
    await until(() => client.closes.length > 0);
    expect([client.received(), client.closes]).toEqual([[{ type: 'reconnect', afterMs: 0 }], [1012]]);
    own.gateway.handleDisconnect(client.connection);
    own.app.get(RealtimeServer).connections.onEmpty?.();
    await ending;
    await own.close();
  });
});

interface Budget {
  chargeUnconditionally(payer: object, cost: number): void;
}
