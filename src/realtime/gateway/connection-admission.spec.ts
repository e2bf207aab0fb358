import { Logger } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { secondsFromNow, signToken, TEST_SECRET, type TestClaims } from '../../../test/support/jwt.js';
import { AuthService } from '../auth/auth.service.js';
import { ClusterSeal } from '../auth/cluster-seal.js';
import { Revocations } from '../auth/revocations.js';
import { Tickets } from '../auth/tickets.js';
import { StaticKeys } from '../auth/token-keys.js';
import { MemoryTicketStore } from '../backends/memory/memory.ticket-store.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { resolveOptions } from '../options/resolve-options.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import type { AuditLog } from './audit/audit-log.service.js';
import { ConnectionAdmission, DRAINING, type Decision } from './connection-admission.js';

const CLIENT = { address: '192.0.2.1', countedAs: '192.0.2.1' };
const HIGH_LIMITS = { maxConnectionsPerAddress: 1_000, handshakesPerSecondPerUser: 1_000, maxEventLoopDelayMs: 60_000 };

describe('ConnectionAdmission', () => {
  let audited: unknown[];
  let clock: RealtimeClock;
  let auth: AuthService;
  let admission: ConnectionAdmission;
  let sockets: PassThrough[];

  function create(given: object = {}): ResolvedRealtimeOptions {
    const options = resolveOptions({ jwt: { secret: TEST_SECRET }, ...HIGH_LIMITS, ...given });
    clock = new RealtimeClock();
    const tickets = new Tickets(new MemoryTicketStore(), options, clock, new ClusterSeal([]));
    auth = new AuthService(
      ...([new StaticKeys(options.jwt), new Revocations(clock), tickets, options, clock] as const),
    );
    const refused = (reason: string, { address }: { address: string }) => void audited.push([reason, address]);
    admission = new ConnectionAdmission(auth, options, { refused } as unknown as AuditLog, clock);
    return options;
  }

  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(true));
  beforeEach(() => {
    [audited, sockets] = [[], []];
    create();
  });
  afterEach(() => {
    admission.close();
    for (const socket of sockets) socket.destroy();
  });

  async function decide(headers: object = {}, client = CLIENT): Promise<Decision> {
    const socket = new PassThrough();
    sockets.push(socket);
    return admission.decide(
      { url: '/ws', method: 'GET', headers, socket } as unknown as IncomingMessage,
      socket,
      client,
    );
  }

  const withToken = (claims: TestClaims = {}): object => ({ authorization: `Bearer ${signToken(claims)}` });
  const statusOf = (decision: Decision): string => ('status' in decision ? decision.status.slice(0, 3) : 'accepted');
  const outcomes = async (count: number, headers: object, client = CLIENT): Promise<string[]> => {
    const all: string[] = [];
    for (let at = 0; at < count; at += 1) {
      const decision = await decide(headers, client);
      all.push('status' in decision ? decision.outcome : 'code' in decision ? decision.code : 'accepted');
    }
    return all;
  };

  it('accepts a client with its user, or without one', async () => {
    expect(await decide(withToken())).toMatchObject({ principal: { user: { userId: 'u1' } } });
    expect(await decide()).toEqual({ principal: null });
    expect(audited).toEqual([]);
  });

  it('answers a bad token over a WebSocket, with the reason', async () => {
    expect(await decide({ authorization: 'Bearer nonsense' })).toMatchObject({
      code: 'token_invalid',
      close: 'unauthorized',
    });
    expect(await decide(withToken({ exp: secondsFromNow(-1_000) }))).toMatchObject({ code: 'token_expired' });
    expect(audited).toEqual([]); // the server records it when it sends the error
  });

  it.each([
    ['token_invalid', () => ({ authorization: 'Bearer nonsense' })],
    ['token_expired', () => withToken({ exp: secondsFromNow(-1_000) })],
  ])('refuses the upgrade of a client that repeats a token: %s', async (code, headers) => {
    const same = headers();
    expect(await outcomes(10, same)).toEqual([...Array(9).fill(code), 'token_repeated']);
    const decision = await decide(same);
    expect(decision).toMatchObject({ status: '401 Unauthorized', headers: { 'WWW-Authenticate': expect.any(String) } });
    expect(audited).toEqual(Array(2).fill([code, CLIENT.address]));
    expect(await outcomes(1, withToken())).toEqual(['accepted']);
  });

  it('refuses a foreign origin', async () => {
    create({ origins: ['https://app.example.com'] });
    expect(await decide({ origin: 'https://evil.example' })).toEqual({
      status: '403 Forbidden',
      outcome: 'origin_refused',
    });
    expect(audited).toEqual([['origin_refused', CLIENT.address]]);
    expect(await decide({ origin: 'https://app.example.com' })).toEqual({ principal: null });
  });

  it('refuses a client whose authentication takes too long', async () => {
    create({ handshakeTimeoutMs: 100 });
    auth.identifyClient = () => new Promise(() => undefined);
    expect(await decide(withToken())).toMatchObject({ status: '503 Service Unavailable', outcome: 'timed_out' });
    expect(audited).toEqual([['timed_out', CLIENT.address]]);
  });

  it('yields to the event loop between the handshakes of many clients, whose own work would otherwise look like an overload', async () => {
    const identify = auth.identifyClient.bind(auth);
    auth.identifyClient = (request) => {
      const end = performance.now() + 5;
      while (performance.now() < end);
      return identify(request);
    };
    let [turns, isDone] = [0, false];
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    // One after the other, without a wait for the network.
    expect(await outcomes(40, {})).toEqual(Array(40).fill('accepted'));
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(10);
  });

  it('answers a failure of authentication without its message', async () => {
    auth.identifyClient = () => Promise.reject(new Error('secret'));
    expect(await decide(withToken())).toEqual({ code: 'internal', close: 'internal' });
  });

  it('refuses an address with too many connections until one of them closes', async () => {
    create({ ...HIGH_LIMITS, maxConnectionsPerAddress: 2 });
    expect(await outcomes(3, {})).toEqual(['accepted', 'accepted', 'too_many_connections']);
    expect(await outcomes(1, {}, { address: '192.0.2.2', countedAs: '192.0.2.2' })).toEqual(['accepted']);
    sockets.at(0)?.destroy();
    await new Promise(setImmediate);
    expect(await outcomes(1, {})).toEqual(['accepted']);
  });

  it('refuses the upgrade if too many refused sockets of an address are open', async () => {
    create({ ...HIGH_LIMITS, maxConnectionsPerAddress: 1 });
    await decide();
    expect(await outcomes(20, {})).toEqual(Array(20).fill('too_many_connections'));
    expect(audited).toEqual([]);
    const refused = await decide();
    expect([statusOf(refused), 'headers' in refused && refused.headers]).toEqual(['503', { 'Retry-After': '2' }]);
    expect(audited).toEqual([['too_many_connections', CLIENT.address]]);
  });

  it('frees the slot of a client with a bad token at once', async () => {
    create({ ...HIGH_LIMITS, maxConnectionsPerAddress: 1 });
    expect(await outcomes(2, { authorization: 'Bearer nonsense' })).toEqual(['token_invalid', 'token_invalid']);
    expect(await outcomes(1, {})).toEqual(['accepted']);
  });

  it.each([
    ['a user', { handshakesPerSecondPerUser: 1 }, 20, 'handshakesPerSecondPerUser is 1'],
    ['an address', { maxConnectionsPerAddress: 50 }, 50, 'maxConnectionsPerAddress is 50'],
    ['the instance', { handshakesPerSecond: 10 }, 50, 'handshakesPerSecond is 10'],
  ])('limits the handshakes of %s, and says which limit it was', async (_what, given, burst, reason) => {
    create({ ...HIGH_LIMITS, ...given });
    clock.now = () => 0;
    for (let count = 0; count < burst; count += 1) {
      const decision = await decide(withToken());
      expect(statusOf(decision)).toBe('accepted');
      sockets.at(-1)?.destroy();
      await new Promise(setImmediate);
    }
    const decision = await decide(withToken());
    expect(decision).toMatchObject({ status: '503 Service Unavailable', outcome: 'throttled' });
    expect('reason' in decision && decision.reason).toContain(reason);
  });

  it('refuses a client of a draining instance, which can try another one after a second', () => {
    expect(DRAINING).toEqual({
      status: '503 Service Unavailable',
      headers: { 'Retry-After': '1' },
      outcome: 'draining',
    });
  });
});
