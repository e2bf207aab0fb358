import { Meters } from '../observability/support/scraped.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import type { WsClient } from '../support/ws-client.js';

describe('metrics with tenants', () => {
  let meters: Meters;
  let app: RealtimeApp;

  const start = async (metrics: boolean): Promise<void> => {
    meters = new Meters().install();
    app = await RealtimeApp.start({ tenants: { claim: 'org', metrics } });
    let client: WsClient | undefined;
    for (const org of ['a', 'b']) {
      client = await app.connectAs({ sub: 'ann', org });
      for (const channel of ['apps:created', 'announcements']) await client.ask({ type: 'subscribe', channel });
      await app.events.emit('apps:created', { id: '1', name: org }, { tenant: org });
      await client.next('event');
    }
    await app.events.emit('apps:created', { id: '1', name: 'another' }, { tenant: 'b' });
    await client?.next('event');
    await app.events.emit('apps:created', { id: '1', name: 'of a tenant without connections' }, { tenant: 'c' });
  };
  const ofTenants = async (): Promise<Record<string, number>> =>
    Object.fromEntries([...(await meters.scrape())].filter(([name]) => name.startsWith('realtime_tenant')));

  afterEach(async () => {
    await app.close();
    await meters.end();
  });

  it('are reported per tenant with the option', async () => {
    await start(true);
    const label = (name: string, tenant: string) => `realtime_tenant_${name}{realtime_tenant="${tenant}"}`;
    expect(await ofTenants()).toEqual({
      [label('connections', 'a')]: 1,
      [label('connections', 'b')]: 1,
      [label('subscriptions', 'a')]: 2,
      [label('subscriptions', 'b')]: 2,
      [label('events_published_total', 'a')]: 1,
      [label('events_published_total', 'b')]: 2,
      [label('events_published_total', 'c')]: 1,
      [label('events_delivered_total', 'a')]: 1,
      [label('events_delivered_total', 'b')]: 2,
      [label('events_delivered_total', 'c')]: 0,
    });
  });

  it('have no tenant label otherwise', async () => {
    await start(false);
    expect(await ofTenants()).toEqual({});
  });
});
