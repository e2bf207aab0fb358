import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import type { WsClient } from '../support/ws-client.js';
import { answerOf, call } from './operator-app.js';

describe('the API for operators, with tenants', () => {
  let app: RealtimeApp;
  let clients: WsClient[];

  beforeAll(async () => {
    app = await RealtimeApp.start({ operatorApi: true, tenants: { claim: 'tenant', platformRole: 'admin' } });
    clients = [
      await app.connectAs({ sub: 'u1', tenant: 'acme' }),
      await app.connectAs({ sub: 'u1', tenant: 'globex' }),
    ];
    for (const client of clients) await client.ask({ type: 'subscribe', channel: 'apps:created' });
    await app.events.emit('apps:created', { id: '1', name: 'of acme' }, { tenant: 'acme' });
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    await app.close();
  });

  it('is for platform administrators, not for those of a tenant', async () => {
    const authorization = `Bearer ${signToken({ role: 'admin', tenant: 'acme' })}`;
    expect((await call(app, 'connections', { authorization })).status).toBe(403);
  });

  it('returns the tenant of connections and channels', async () => {
    expect(await answerOf(app, 'connections')).toMatchObject({
      connections: [
        { userId: 'u1', tenant: 'acme' },
        { userId: 'u1', tenant: 'globex' },
      ],
    });
    expect(await answerOf(app, 'connections?tenant=globex')).toMatchObject({
      total: 1,
      connections: [{ tenant: 'globex' }],
    });
    expect(await answerOf(app, 'channels')).toMatchObject({
      channels: [
        { channel: 'apps:created', tenant: 'acme', pattern: 'apps:*', subscribers: 1 },
        { channel: 'apps:created', tenant: 'globex', pattern: 'apps:*', subscribers: 1 },
      ],
    });
    expect(await answerOf(app, 'channels?search=acme')).toMatchObject({ total: 0 });
  });

  it('explains access and ends connections by tenant', async () => {
    const explained = (query: string) => call<{ allowed?: boolean }>(app, `explain?channel=apps:created&${query}`);
    expect((await explained('user=u1&tenant=acme')).body).toMatchObject({ allowed: true });
    expect((await explained('user=u1')).status).toBe(400);
    expect((await explained('')).body).toMatchObject({ allowed: false });
    const [gone] = [
      await app.connectAs({ sub: 'u2', tenant: 'acme' }),
      await app.connectAs({ sub: 'u2', tenant: 'globex' }),
    ];
    expect(await answerOf(app, 'users/u2/disconnect', 'POST')).toMatchObject({ disconnected: 0 });
    expect(await answerOf(app, 'users/u2/disconnect?tenant=acme', 'POST')).toMatchObject({ disconnected: 1 });
    expect(await gone.closed).toMatchObject({ code: 4403 });
    expect(await answerOf(app, 'connections?user=u2')).toMatchObject({ total: 1, connections: [{ tenant: 'globex' }] });
  });

  it('returns the history of the channel of one tenant', async () => {
    const of = (query: string) => call<{ events?: object[] }>(app, `channels/${query}`);
    expect((await of('apps:created/history?tenant=acme')).body.events).toMatchObject([{ data: { name: 'of acme' } }]);
    expect((await of('apps:created/history?tenant=globex')).body.events).toEqual([]);
    expect((await of('announcements/history')).body.events).toEqual([]);
    expect((await of('apps:created/history')).status).toBe(400);
    expect((await of('announcements/history?tenant=acme')).status).toBe(400);
  });
});
