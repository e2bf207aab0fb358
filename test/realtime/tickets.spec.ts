import { Redis } from 'ioredis';
import { MemoryTicketStore } from '../../src/realtime/backends/memory/memory.ticket-store.js';
import { TICKET_TTL_MS } from '../../src/realtime/auth/tickets.js';
import { RealtimeClock, RealtimeControl, RedisBridge } from '../../src/realtime/index.js';
import { secondsFromNow, signToken, type TestClaims } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { TcpClient, upgradeRequest } from '../support/tcp.js';
import { until } from '../support/until.js';
import { connect, type WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf } from './support/shapes.js';

const NO_TOKEN = { code: 4401, reason: 'no valid token' };

const ask = (app: RealtimeApp, headers: Record<string, string>): Promise<Response> =>
  fetch(`${app.http}/realtime/tickets?token=${signToken()}`, { method: 'POST', headers });

async function ticketFor(app: RealtimeApp, claims: TestClaims = {}): Promise<string> {
  const response = await ask(app, { authorization: `Bearer ${signToken(claims)}` });
  expect(response.status).toBe(201);
  return ((await response.json()) as { ticket: string }).ticket;
}

const withTicket = (app: RealtimeApp, ticket: string, query = ''): Promise<WsClient> =>
  connect(`${app.url}?ticket=${ticket}${query}`);

async function firstFrame(app: RealtimeApp, ticket: string): Promise<object> {
  const client = await withTicket(app, ticket);
  const frame = await client.next();
  client.terminate();
  return frame;
}

describe.each(['memory', 'Redis'])('one-time tickets over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  let there: RealtimeApp;

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start();
    const options = redis === null ? {} : { redis: { url: redis.url } };
    here = await RealtimeApp.start(options);
    there = redis === null ? here : await RealtimeApp.start(options);
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });

  it('carry the identity of the token that requested them, and expire with it', async () => {
    const exp = secondsFromNow(20);
    const client = await withTicket(there, await ticketFor(here, { sub: 'ann', role: 'admin', jti: 'j', exp }));
    expect(await client.next('connected')).toMatchObject({
      user: { userId: 'ann', email: 'u1@example.com', role: 'admin' },
      expiresAt: new Date(exp * 1000).toISOString(),
    });
    expect(await client.ask({ type: 'subscribe', channel: 'system:health' })).toMatchObject({ type: 'subscribed' });
    there.app.get(RealtimeClock).advance(21_000);
    expect(await client.next('error')).toMatchObject({ code: 'token_expired' });
    expect(await client.closed).toEqual(NO_TOKEN);
  });

  it('are valid once, for any number of concurrent attempts on any instance', async () => {
    const ticket = await ticketFor(here, { sub: 'bob' });
    const clients = await Promise.all([here, there, here, there, here, there].map((app) => withTicket(app, ticket)));
    const types = (await Promise.all(clients.map((client) => client.next()))).map(({ type }) => type);
    expect(types.toSorted()).toEqual(['connected', 'error', 'error', 'error', 'error', 'error']);
    const late = await withTicket(there, ticket);
    expect(await late.next()).toEqual(errorOf('token_invalid'));
    expect(await late.closed).toEqual(NO_TOKEN);
    for (const client of clients) client.terminate();
  });

  it('expire after 30 s', async () => {
    if (redis === null) {
      let clock = 0;
      const store = new MemoryTicketStore(() => clock);
      for (const digest of ['in time', 'late']) await store.put(digest, 'holder', TICKET_TTL_MS);
      clock = 29_999;
      expect(await store.take('in time')).toBe('holder');
      clock = 30_000;
      expect(await store.take('late')).toBeNull();
      return;
    }
    const ticket = await ticketFor(here);
    const stranger = new Redis(redis.url);
    const [key] = await stranger.keys('rt:t:*');
    const left = await stranger.pttl(key!);
    expect(left).toBeGreaterThan(10_000);
    expect(left).toBeLessThanOrEqual(30_000);
    // A reader of Redis cannot use it.
    expect(key).not.toContain(ticket);
    expect(await stranger.get(key!)).not.toContain(ticket);
    stranger.disconnect();
  });

  it('of a token that was revoked meanwhile are invalid', async () => {
    const ticket = await ticketFor(here, { sub: 'cat', jti: 'of-the-ticket' });
    const other = await ticketFor(here, { sub: 'cat', jti: 'another' });
    await here.app.get(RealtimeControl).revokeSession('of-the-ticket');
    expect(await firstFrame(there, ticket)).toEqual(errorOf('token_invalid'));
    const client = await withTicket(there, other);
    await client.next('connected');
    await here.app.get(RealtimeControl).revokeUser('cat');
    expect(await client.closed).toMatchObject({ code: 4403 });
  });

  it.each([
    ['nothing', ''],
    ['rubbish', 'rubbish'],
    ['one that was never issued', 'A'.repeat(43)],
    ['a pattern', '*'],
    ['a zero byte', '%00'],
    ['a path', '../../etc'],
    ['far too long', 'A'.repeat(9_000)],
  ])('%s is not a valid ticket', async (_what, ticket) => {
    const client = await TcpClient.connect(there.port);
    client.send(upgradeRequest({ path: `/ws?ticket=${ticket}` }));
    await client.until('"code":"token_invalid"');
    client.destroy();
  });

  it('a duplicate ticket is invalid and not used up; the header wins, and leaves it unused', async () => {
    const ticket = await ticketFor(here, { sub: 'dot' });
    const twice = await withTicket(there, ticket, `&ticket=${ticket}`);
    expect(await twice.next()).toEqual(errorOf('token_invalid'));
    const header = await connect(`${there.url}?ticket=${ticket}`, { header: `Bearer ${signToken({ sub: 'eve' })}` });
    expect(await header.next()).toMatchObject({ type: 'connected', user: { userId: 'eve' } });
    header.terminate();
    expect(await firstFrame(there, ticket)).toMatchObject({ type: 'connected', user: { userId: 'dot' } });
  });
});

describe('POST /realtime/tickets', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  it('returns an uncacheable ticket and its expiry', async () => {
    const response = await ask(app, { authorization: `Bearer ${signToken({ sub: 'ann' })}` });
    expect(response.headers.get('cache-control')).toBe('no-store');
    const body = (await response.json()) as { ticket: string; expiresAt: string };
    expect(Object.keys(body)).toEqual(['ticket', 'expiresAt']);
    expect(body.ticket).toMatch(/^[\w-]{43}$/);
    const left = Date.parse(body.expiresAt) - Date.now();
    expect(left).toBeGreaterThan(10_000);
    expect(left).toBeLessThanOrEqual(30_000);
  });

  it.each<[string, Record<string, string>]>([
    ['no credentials, although the query has a token', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['an expired token', { authorization: `Bearer ${signToken({ exp: 1 })}` }],
    ['rubbish', { authorization: 'Bearer rubbish' }],
  ])('rejects %s', async (_what, headers) => {
    expect((await ask(app, headers)).status).toBe(401);
  });

  it('limits one user to 60 per minute, and not the others', async () => {
    const bearer = { authorization: `Bearer ${signToken({ sub: 'greedy' })}` };
    const statuses: number[] = [];
    for (let count = 0; count < 62; count += 1) statuses.push((await ask(app, bearer)).status);
    expect(statuses).toEqual([...Array.from({ length: 60 }, () => 201), 429, 429]);
    await ticketFor(app, { sub: 'modest' });
  });

  it('responds with 503 while Redis is unavailable, and clients with a ticket are asked to retry', async () => {
    const redis = await RedisProcess.start();
    const apart = await RealtimeApp.start({ redis: { url: redis.url } });
    await until(() => apart.app.get(RedisBridge).status.up);
    const ticket = await ticketFor(apart);
    await redis.kill();
    await until(() => !apart.app.get(RedisBridge).status.up);
    expect((await ask(apart, { authorization: `Bearer ${signToken()}` })).status).toBe(503);
    const client = await withTicket(apart, ticket);
    expect(await client.next()).toEqual(errorOf('unavailable'));
    expect(await client.closed).toEqual({ code: 4505, reason: 'temporarily unavailable' });
    await apart.close();
    await redis.stop();
  });
});
