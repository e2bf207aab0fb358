import { bindTransactions, RealtimeOptionsError, TenantBusyError } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { connect, type WsClient } from '../support/ws-client.js';

const app = (name: string) => ({ id: name, name });
const KEY = 'a key of sixteen characters';

describe('the limits of a tenant', () => {
  let server: RealtimeApp;

  const open = (org: string, sub: string): Promise<WsClient> => connect(server.url, { token: signToken({ sub, org }) });
  const leave = async (sub: string, org: string, client: WsClient): Promise<void> => {
    const gone = server.endOf([...server.registry.ofUser(`${org}/${sub}`)][0]!);
    client.terminate();
    await gone;
  };

  beforeAll(async () => {
    server = await RealtimeApp.start({
      tenants: { claim: 'org', maxConnections: 2, maxSubscriptions: 3, eventsPerSecond: 1 },
      publishApiKeys: [KEY],
    });
  });
  afterAll(() => server.close());

  it('connections: one more is rejected, also by auth, and those of others are not', async () => {
    const first = await open('acme', 'ann');
    const second = await open('acme', 'bob');
    for (const client of [first, second]) await client.next('connected');
    const third = await open('acme', 'cat');
    expect(await third.next()).toMatchObject({ code: 'too_many_connections' });
    expect(await third.whenClosed()).toMatchObject({ code: 4429 });
    const late = await connect(server.url);
    late.send({ type: 'auth', token: signToken({ sub: 'cat', org: 'acme' }) });
    expect(await late.next('error')).toMatchObject({ code: 'too_many_connections' });
    const other = await open('beta', 'ann');
    await other.next('connected');
    await leave('ann', 'acme', first);
    const again = await open('acme', 'cat');
    await again.next('connected');
    await leave('cat', 'acme', again);
    await leave('bob', 'acme', second);
    await leave('ann', 'beta', other);
    expect(server.registry.ofTenant('acme')).toEqual({ connections: new Set(), subscriptions: 0 });
  });

  it('subscriptions: counted over all its connections, without leaks', async () => {
    const [ann, bob] = [await open('acme', 'ann'), await connect(server.url)];
    // Earlier subscriptions count from authentication on.
    await bob.ask({ type: 'subscribe', channel: 'announcements' });
    await bob.ask({ type: 'auth', token: signToken({ sub: 'bob', org: 'acme' }) });
    expect(server.registry.ofTenant('acme').subscriptions).toBe(1);
    await ann.ask({ type: 'subscribe', channel: 'apps:created' });
    expect(await ann.ask({ type: 'subscribe', channel: 'apps:updated' })).toMatchObject({ type: 'subscribed' });
    expect(await bob.ask({ type: 'subscribe', channel: 'apps:deleted' })).toMatchObject({
      code: 'too_many_subscriptions',
      message: 'Too many subscriptions for this tenant',
    });
    await ann.ask({ type: 'unsubscribe', channel: 'apps:updated' });
    expect(await bob.ask({ type: 'subscribe', channel: 'apps:deleted' })).toMatchObject({ type: 'subscribed' });
    await leave('ann', 'acme', ann);
    expect(server.registry.ofTenant('acme').subscriptions).toBe(2);
    await leave('bob', 'acme', bob);
    expect(server.registry.ofTenant('acme').subscriptions).toBe(0);
  });

  it('events: those over the rate are rejected, other tenants are not affected, and committed ones wait', async () => {
    const { events } = server;
    const watcher = await open('greedy', 'ann');
    await watcher.ask({ type: 'subscribe', channel: 'apps:created' });
    const all = await Promise.allSettled(
      ['1', '2', '3'].map((name) => events.emit('apps:created', app(name), { tenant: 'greedy' })),
    );
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect((all[2] as PromiseRejectedResult).reason).toBeInstanceOf(TenantBusyError);
    await events.emit('apps:created', app('of another'), { tenant: 'modest' });
    const response = await fetch(`${server.http}/realtime/events`, {
      method: 'POST',
      headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
      body: JSON.stringify({ channel: 'apps:created', data: app('x'), tenant: 'greedy' }),
    });
    expect(response.status).toBe(429);
    events.afterCommit('apps:created', app('committed'), { tenant: 'greedy' });
    const names: unknown[] = [];
    while (names.length < 3) names.push(((await watcher.next('event')).data as { name: unknown }).name);
    expect(names).toEqual(['1', '2', 'committed']);
    await watcher.close();
  });

  it('a transaction of a library keeps its tenant', async () => {
    const database = { transaction: async (work: () => Promise<void>): Promise<void> => work() };
    bindTransactions(database, server.events);
    const watcher = await open('acme', 'ann');
    await watcher.ask({ type: 'subscribe', channel: 'apps:created' });
    await server.events.withTenant('acme', () =>
      database.transaction(async () => server.events.afterCommit('apps:created', app('bound'))),
    );
    expect(await watcher.next('event')).toMatchObject({ data: { name: 'bound' } });
    await watcher.close();
  });
});

describe('the option tenants', () => {
  it('refuses presence and owners on a channel that all tenants share', async () => {
    const channels = [{ name: 'lounge', access: 'authenticated', presence: true, global: true }] as const;
    await expect(RealtimeApp.start({ tenants: { claim: 'org' }, channels: [...channels] })).rejects.toThrow(
      'lounge is global and has presence',
    );
    const owned = [{ name: 'desks:{userId}', access: { owner: 'userId' }, global: true }] as const;
    await expect(RealtimeApp.start({ tenants: { claim: 'org' }, channels: [...owned] })).rejects.toThrow(
      'desks:{userId} is global and has owners',
    );
    await expect(RealtimeApp.start({ channels: [{ name: 'apps:x', global: 1 as never }] })).rejects.toThrow(
      RealtimeOptionsError,
    );
  });

  it('if missing, rejects a tenant, and ignores a claim and a query of that name', async () => {
    const server = await RealtimeApp.start();
    await expect(server.events.emit('apps:created', app('x'), { tenant: 'acme' })).rejects.toThrow(
      'tenant must not be given: the option tenants.claim is not set',
    );
    const [one, other] = [
      await connect(`${server.url}?tenant=acme&token=${signToken({ tenantId: 'acme' })}`),
      await connect(`${server.url}?tenant=beta&token=${signToken({ tenantId: 'beta' })}`),
    ];
    for (const client of [one, other]) {
      expect(await client.next('connected')).not.toHaveProperty('tenant');
      await client.ask({ type: 'subscribe', channel: 'apps:created' });
    }
    // A tenant in the context has no effect without the option.
    await server.events.withTenant('acme', () => server.events.emit('apps:created', app('x')));
    for (const client of [one, other]) expect(await client.next('event')).toMatchObject({ data: { name: 'x' } });
    await server.close();
  });

  it('lets a definition declare a channel global', async () => {
    const server = await RealtimeApp.start({
      tenants: { claim: 'org', platformRole: 'admin' },
      channels: [
        { name: 'apps:catalogue', global: true },
        { name: 'system:notice', access: 'authenticated' },
        { name: 'plans:internal', access: { roles: ['admin', 'sales'] }, global: true },
        { name: 'plans:own', access: { roles: ['admin', 'sales'] } },
        { name: 'announcements', global: false },
      ],
    });
    const [a, b] = [
      await server.connectAs({ org: 'a' }),
      await connect(server.url, { token: signToken({ org: 'b' }) }),
    ];
    for (const client of [a, b]) {
      for (const channel of ['apps:catalogue', 'system:notice', 'announcements']) {
        expect(await client.ask({ type: 'subscribe', channel })).toMatchObject({ type: 'subscribed' });
      }
    }
    const publish = (channel: string, tenant?: string) =>
      server.events.publish(channel, {}, tenant === undefined ? {} : { tenant });
    await publish('apps:catalogue');
    await publish('system:notice');
    await publish('announcements', 'b');
    await expect(publish('announcements')).rejects.toThrow('tenant is missing');
    const received = async (client: WsClient) => {
      await client.fence();
      return client.frames.flatMap((frame) => (frame.type === 'event' ? frame.channel : []));
    };
    expect(await received(b)).toEqual(['apps:catalogue', 'system:notice', 'announcements']);
    expect(await received(a)).toEqual(['apps:catalogue', 'system:notice']);
    // A role applies in every tenant, but a tenant admin is not an admin of global channels.
    const may = async (org: string | undefined, role: string, channel: string) => {
      const client = await connect(server.url, { token: signToken({ org, role }) });
      return (await client.ask({ type: 'subscribe', channel })).type === 'subscribed';
    };
    expect(await may('a', 'sales', 'plans:internal')).toBe(true);
    expect(await may('a', 'admin', 'plans:internal')).toBe(false);
    expect(await may('a', 'admin', 'plans:own')).toBe(true);
    expect(await may(undefined, 'admin', 'plans:internal')).toBe(true);
    const anonymous = await connect(server.url);
    expect(await anonymous.next('connected')).toMatchObject({ authorizedChannels: [] });
    await server.close();
  });
});
