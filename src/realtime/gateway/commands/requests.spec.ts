import { Logger } from '@nestjs/common';
import type { TestClaims } from '../../../../test/support/jwt.js';
import { OfflineGateway, type OfflineClient } from '../../../../test/support/offline-gateway.js';
import { RedisBridge } from '../../delivery/redis-bridge.service.js';
import { PresenceService } from '../../presence/presence.service.js';
import { EventsPublisher } from '../../publishing/events-publisher.js';

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
};

describe('a request', () => {
  let gateway: OfflineGateway;

  beforeAll(async () => {
    gateway = await OfflineGateway.start({
      channels: [
        { name: 'kept', access: 'authenticated', history: { size: 10, ttlMs: 60_000 }, presence: true },
        { name: 'plain', access: 'public', history: false },
      ],
    });
    for (const data of ['one', 'two']) await gateway.app.get(EventsPublisher).emit('kept' as never, data as never);
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
    const client = await gateway.connectAs(claims);
    client.received();
    return client;
  };

  it('for the channels lists those that the user can use, and those of the connection', async () => {
    const client = guest();
    await client.ask({ type: 'subscribe', channel: 'plain' });
    const [answer] = await client.ask({ type: 'list_channels', ref: 'r' });
    expect(answer).toMatchObject({ type: 'channels', subscribed: ['plain'], ref: 'r' });
    expect(answer?.['channels']).toContain('plain');
    expect(answer?.['channels']).not.toContain('kept');
  });

  describe('for the history', () => {
    const request = { type: 'history', channel: 'kept', ref: 'r' };

    it('answers with the events of a channel that the user can use', async () => {
      const [answer] = await (await connectAs()).ask(request);
      expect(answer).toMatchObject({ type: 'history', channel: 'kept', ref: 'r' });
      expect((answer as { events: object[] }).events).toMatchObject([{ data: 'one' }, { data: 'two' }]);
      expect(await guest().ask(request)).toMatchObject([{ code: 'forbidden', channel: 'kept', ref: 'r' }]);
    });

    it.each(['until it does', 'until it is gone'])('waits while the client does not read, %s', async (until) => {
      const client = await connectAs();
      const { transport, sendBuffer } = client.connection;
      const before = transport.sent.length;
      transport.bufferedBytes = 1_000_000;
      client.send(request);
      await turns();
      expect(transport.sent).toHaveLength(before);
      if (until === 'until it is gone') sendBuffer.end();
      transport.bufferedBytes = 0;
      sendBuffer.send('{}');
      await turns();
      const types = client.received().map(({ type }) => type);
      expect(types).toEqual(until === 'until it does' ? [undefined, 'history'] : []);
    });
  });

  it('for who is present answers for a channel with presence that the user can use', async () => {
    const client = await connectAs({ sub: 'ann' });
    await client.ask({ type: 'subscribe', channel: 'kept' });
    expect(await client.ask({ type: 'presence', channel: 'kept', ref: 'r' })).toMatchObject([
      { type: 'presence', channel: 'kept', members: [{ userId: 'ann' }], count: 1, ref: 'r' },
    ]);
    expect(await client.ask({ type: 'presence', channel: 'plain' })).toMatchObject([
      { code: 'presence_disabled', channel: 'plain' },
    ]);
    expect(await guest().ask({ type: 'presence', channel: 'kept' })).toMatchObject([{ code: 'forbidden' }]);
  });

  it.each([
    ['history', () => gateway.app.get(RedisBridge).pages, 'read'],
    ['presence', () => gateway.app.get(PresenceService), 'list'],
  ] as const)('for the %s is forbidden if access is lost before the answer', async (type, serviceOf, method) => {
    const client = await connectAs();
    const service = serviceOf() as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
    const read = service[method] ?? (() => Promise.reject(new Error('of the test')));
    service[method] = async (...given) => {
      const found = await read.apply(service, given);
      Object.assign(client.connection, { principal: null, authEpoch: client.connection.authEpoch + 1 });
      return found;
    };
    const answers = await client.ask({ type, channel: 'kept' });
    Reflect.deleteProperty(service, method);
    expect(answers).toMatchObject([{ code: 'forbidden', channel: 'kept' }]);
  });

  it('for statistics answers administrators only', async () => {
    for (const client of [guest(), await connectAs()]) {
      expect(await client.ask({ type: 'stats' })).toMatchObject([
        { code: 'forbidden', message: 'Only administrators can request stats' },
      ]);
    }
    const admin = await connectAs({ sub: 'boss', role: 'admin' });
    expect(await admin.ask({ type: 'stats', ref: 'r' })).toMatchObject([
      { type: 'stats', stats: { cluster: { instances: 1 } }, ref: 'r' },
    ]);
  });
});

describe('requests of tenants', () => {
  let gateway: OfflineGateway;

  beforeAll(async () => {
    gateway = await OfflineGateway.start({
      channels: ['open', 'list:one'].map((name) => ({ name, access: 'public' as const, history: false as const })),
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
    const platform = await gateway.connectAs({ sub: 'root', org: undefined, role: 'platform' });
    platform.received();
    expect(await platform.ask({ type: 'stats' })).toMatchObject([{ stats: { cluster: { connections: 4 } } }]);
  });
});
