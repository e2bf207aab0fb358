import { Logger } from '@nestjs/common';
import { secondsFromNow, signToken } from '../../../../test/support/jwt.js';
import { OfflineGateway, type OfflineClient } from '../../../../test/support/offline-gateway.js';
import { EventsPublisher } from '../../publishing/events-publisher.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';

const HISTORY = { size: 10, ttlMs: 60_000 };
const CHANNELS = [
  { name: 'open', access: 'public', history: HISTORY },
  { name: 'room:{id}', access: 'public', presence: true, history: HISTORY },
  { name: 'list:one', access: 'public', history: HISTORY },
  { name: 'list:two', access: 'public', history: HISTORY },
  { name: 'members', access: 'authenticated', history: HISTORY },
  { name: 'secret', access: 'admin', history: HISTORY },
] as const;

describe('the commands', () => {
  let gateway: OfflineGateway;
  let options: ResolvedRealtimeOptions;
  let defaults: Partial<ResolvedRealtimeOptions>;
  let client: OfflineClient;

  beforeAll(async () => {
    gateway = await OfflineGateway.start({ channels: [...CHANNELS] });
    options = gateway.app.get(ResolvedRealtimeOptions);
    defaults = Object.assign({}, options);
  });
  beforeEach(() => {
    Object.assign(options, defaults);
    client = gateway.connect();
    client.received();
  });
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });

  const publish = (channel: string, data: object): Promise<unknown> =>
    gateway.app.get(EventsPublisher).emit(channel as 'announcements', data as never);
  const subscribe = (channels: (string | object)[], ref = 'r'): object => ({ type: 'subscribe', channels, ref });

  describe('subscribe', () => {
    it('answers for each channel, in the order of the request', async () => {
      const answers = await client.ask(subscribe(['open', 'secret', 'nothing', 'members']), 4);
      expect(answers).toEqual([
        { type: 'subscribed', channel: 'open', lastEventId: expect.stringMatching(/-\d+$/), ref: 'r' },
        { type: 'error', code: 'forbidden', channel: 'secret', message: expect.any(String), ref: 'r' },
        { type: 'error', code: 'unknown_channel', channel: 'nothing', message: expect.any(String), ref: 'r' },
        { type: 'error', code: 'forbidden', channel: 'members', message: expect.any(String), ref: 'r' },
      ]);
      expect([...client.connection.subscriptions.keys()]).toEqual(['open']);
    });

    it('delivers events after its answer', async () => {
      await client.ask(subscribe(['open']));
      await publish('open', { n: 1 });
      expect(await client.next()).toMatchObject([{ type: 'event', channel: 'open', data: { n: 1 } }]);
    });

    it('subscribes to all channels of a wildcard that the user can use', async () => {
      const answers = await client.ask(subscribe(['list:*']), 2);
      expect(answers.map(({ channel }) => channel)).toEqual(['list:one', 'list:two']);
    });

    it('answers with the position again if the client is subscribed already, and does not resume', async () => {
      const [first] = await client.ask(subscribe(['open']));
      expect(await client.ask(subscribe(['open']))).toEqual([first]);
      const resumed = await client.ask(subscribe([{ channel: 'open', lastEventId: 'e-1' }]));
      expect(resumed).toEqual([{ ...first, recovered: false, reason: 'already_subscribed' }]);
      expect(client.connection.subscriptions.size).toBe(1);
    });

    it('resumes after the last event that the client has', async () => {
      const [first] = await client.ask(subscribe(['open']));
      await publish('open', { n: 2 });
      const other = gateway.connect();
      other.received();
      const target = { channel: 'open', lastEventId: first?.['lastEventId'] };
      expect(await other.ask(subscribe([target]), 2)).toMatchObject([
        { type: 'subscribed', recovered: true, lastEventId: first?.['lastEventId'] },
        { type: 'event', data: { n: 2 } },
      ]);
    });

    it('sends the members of a channel if the client asks for presence', async () => {
      const target = { channel: 'room:1', presence: true };
      const answers = await client.ask(subscribe([target]), 2);
      expect(answers).toMatchObject([{ type: 'subscribed' }, { type: 'presence', channel: 'room:1', count: 1 }]);
      expect(await client.ask(subscribe([{ channel: 'open', presence: true }]))).toMatchObject([
        { code: 'presence_disabled', channel: 'open' },
      ]);
      expect(await client.ask(subscribe([target]), 2)).toMatchObject([{ type: 'subscribed' }, { type: 'presence' }]);
    });

    it('refuses more subscriptions than a connection can have', async () => {
      options.maxSubscriptionsPerConnection = 2;
      const answers = await client.ask(subscribe(['open', 'list:one', 'list:two']), 3);
      expect(answers.map(({ type, code }) => code ?? type)).toEqual([
        'subscribed',
        'subscribed',
        'too_many_subscriptions',
      ]);
    });

    it('stops when the connection closes', async () => {
      client.send(subscribe(['open', 'list:one']));
      client.connection.close();
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      expect([client.received(), client.connection.subscriptions.size]).toEqual([[], 0]);
    });
  });

  describe('unsubscribe', () => {
    const unsubscribe = (channels: string[]): object => ({ type: 'unsubscribe', channels, ref: 'r' });

    it('ends the subscription, or says that there is none', async () => {
      await client.ask(subscribe(['open']));
      expect(await client.ask(unsubscribe(['open', 'list:one']), 2)).toMatchObject([
        { type: 'unsubscribed', channel: 'open', ref: 'r' },
        { type: 'error', code: 'not_subscribed', channel: 'list:one', ref: 'r' },
      ]);
      await publish('open', { n: 3 });
      expect(await client.ask({ type: 'ping' })).toEqual([{ type: 'pong' }]);
    });

    it('ends all subscriptions under a wildcard', async () => {
      await client.ask(subscribe(['open', 'list:one', 'list:two']), 3);
      const answers = await client.ask(unsubscribe(['list:*', 'room:*']), 3);
      expect(answers.map(({ channel, code }) => code ?? channel)).toEqual(['list:one', 'list:two', 'not_subscribed']);
      expect([...client.connection.subscriptions.keys()]).toEqual(['open']);
    });
  });

  it('list_channels answers with the channels of the user and of the connection', async () => {
    await client.ask(subscribe(['open']));
    const [answer] = await client.ask({ type: 'list_channels', ref: 'r' });
    expect(answer).toMatchObject({ type: 'channels', subscribed: ['open'], ref: 'r' });
    expect(answer?.['channels']).toEqual(expect.arrayContaining(['open', 'list:one']));
    expect(answer?.['channels']).not.toContain('secret');
  });

  it('stats are for administrators', async () => {
    expect(await client.ask({ type: 'stats' })).toMatchObject([{ code: 'forbidden' }]);
    const user = await gateway.connectAs();
    user.received();
    expect(await user.ask({ type: 'stats' })).toMatchObject([{ code: 'forbidden' }]);
    const admin = await gateway.connectAs({ sub: 'boss', role: 'admin' });
    admin.received();
    expect(await admin.ask({ type: 'stats', ref: 'r' })).toMatchObject([{ type: 'stats', ref: 'r' }]);
  });

  it('presence answers with the members of a channel that the client can use', async () => {
    const user = await gateway.connectAs({ sub: 'present' });
    user.received();
    await user.ask(subscribe(['room:2']));
    const answers = [];
    for (const channel of ['room:2', 'open', 'secret', 'nothing']) {
      answers.push(...(await client.ask({ type: 'presence', channel, ref: 'r' })));
    }
    expect(answers).toMatchObject([
      { type: 'presence', channel: 'room:2', members: [{ userId: 'present', connections: 1 }], count: 1, ref: 'r' },
      { code: 'presence_disabled', channel: 'open' },
      { code: 'forbidden', channel: 'secret' },
      { code: 'unknown_channel', channel: 'nothing' },
    ]);
  });

  describe('auth', () => {
    const auth = (claims: object): object => ({ type: 'auth', token: signToken({ ...claims }), ref: 'r' });

    it('gives an anonymous connection its user', async () => {
      expect(await client.ask(auth({ exp: 4_000_000_000 }))).toMatchObject([
        {
          ...{ type: 'authenticated', ref: 'r', user: { userId: 'u1', role: 'user' } },
          ...{ expiresAt: new Date(4_000_000_000_000).toISOString() },
          authorizedChannels: expect.arrayContaining(['members']),
        },
      ]);
    });

    it('refuses the token of another user, and closes after three failures in a row', async () => {
      const user = await gateway.connectAs({ sub: 'first' });
      user.received();
      const other = auth({ sub: 'second' });
      const expired = auth({ sub: 'first', exp: secondsFromNow(-1_000) });
      const codes = async (frame: object): Promise<unknown[]> =>
        (await user.ask(frame)).map(({ code, type }) => code ?? type);
      expect([await codes(other), await codes(expired)]).toEqual([['forbidden'], ['token_expired']]);
      expect(await codes(auth({ sub: 'first' }))).toEqual(['authenticated']);
      expect(user.connection.refusedAuths).toBe(0);
      await codes(other);
      await codes({ type: 'auth', token: 'nonsense' });
      expect(user.closes).toEqual([]);
      await codes(other);
      expect([user.closes, user.connection.principal?.user.userId]).toEqual([[4401], 'first']);
    });

    it('ends subscriptions that the new token does not allow any more', async () => {
      const admin = await gateway.connectAs({ sub: 'demoted', role: 'admin' });
      admin.received();
      await admin.ask(subscribe(['secret']));
      const answers = await admin.ask(auth({ sub: 'demoted', role: 'user' }), 2);
      expect(answers).toMatchObject([
        { type: 'authenticated', user: { role: 'user' } },
        { type: 'unsubscribed', channel: 'secret', reason: 'access_revoked' },
      ]);
    });

    it('refuses a user who has too many connections', async () => {
      options.maxConnectionsPerUser = 1;
      await gateway.connectAs({ sub: 'crowd' });
      expect(await client.ask(auth({ sub: 'crowd' }))).toMatchObject([{ code: 'too_many_connections', ref: 'r' }]);
      expect([client.closes, client.connection.principal]).toEqual([[4429], null]);
    });

    it('limits renewals of a token', async () => {
      const user = await gateway.connectAs({ sub: 'eager' });
      user.received();
      for (let count = 0; count < 10; count += 1) user.send(auth({ sub: 'eager' }));
      expect((await user.next(10)).map(({ type }) => type)).toEqual(Array(10).fill('authenticated'));
      const [refused] = await user.ask(auth({ sub: 'eager' }));
      expect(refused).toMatchObject({ code: 'rate_limited', ref: 'r' });
      expect(refused?.['message']).toMatch(/try again in \d s$/);
    });
  });
});

describe('the commands of tenants', () => {
  let gateway: OfflineGateway;

  beforeAll(async () => {
    gateway = await OfflineGateway.start({
      channels: [...CHANNELS],
      tenants: { claim: 'org', platformRole: 'platform', maxSubscriptions: 2, maxConnections: 2 },
    });
  });
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });

  it('name the tenant, limit its connections and subscriptions, and answer with its statistics', async () => {
    const claims = { org: 'a', role: 'admin' };
    const one = await gateway.connectAs(claims);
    expect(one.received()).toMatchObject([{ type: 'connected', tenant: 'a' }]);
    const other = await gateway.connectAs({ ...claims, sub: 'u2' });
    other.received();
    const third = await gateway.connectAs({ ...claims, sub: 'u3' });
    expect([third.closes, third.received()]).toMatchObject([[4429], [{ code: 'too_many_connections' }]]);
    expect((await gateway.connectAs({ org: 'b' })).closes).toEqual([]);

    await one.ask({ type: 'subscribe', channels: ['open'] });
    const answers = await other.ask({ type: 'subscribe', channels: ['open', 'list:one'] }, 2);
    expect(answers.map(({ type, message }) => message ?? type)).toEqual([
      'subscribed',
      'Too many subscriptions for this tenant',
    ]);
    const [stats] = await one.ask({ type: 'stats' });
    expect(stats).toMatchObject({ type: 'stats', stats: { cluster: { connections: 2, subscriptions: 2 } } });
  });
});
