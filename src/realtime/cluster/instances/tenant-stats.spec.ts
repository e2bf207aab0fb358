import { offlineConnection, principalOf } from '../../../../test/support/offline-connection.js';
import { withTenant, type Principal } from '../../auth/principal.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { Counters } from '../../observability/counters.js';
import { topicOf } from '../../tenants/topic.js';
import { DistinctCounter } from './distinct-counter.js';
import { reportOf } from './tenant-stats.js';

describe('the statistics of a tenant', () => {
  let counters: Counters;
  let registry: ConnectionRegistry;

  beforeEach(() => {
    counters = new Counters();
    registry = new ConnectionRegistry(counters);
  });

  function connect(principal: Principal, ...channels: string[]): void {
    const connection = offlineConnection(principal);
    registry.add(connection);
    for (const channel of channels) {
      const topic = channel === 'global' ? channel : topicOf(principal.tenant, channel);
      registry.subscribe(connection, channel, topic);
    }
  }
  const inAcme = (userId: string): Principal => principalOf(userId, { tenant: 'acme' });

  it('count its connections, users and channels, but no global channel and no other tenant', async () => {
    connect(inAcme('ann'), 'a', 'b', 'global');
    connect(inAcme('ann'), 'a');
    connect(inAcme('bob'), 'a');
    connect(withTenant(principalOf('boss', { tenant: 'home' }), 'acme'), 'b');
    connect(principalOf('eve', { tenant: 'acme2' }), 'a');
    counters.byTenant.add('acme', 'delivered');
    counters.byTenant.add('acme2', 'published');
    const { stats, users, topicNames, topics } = await reportOf('acme', registry, counters, 1);
    expect(stats).toEqual({
      connections: 4,
      anonymous: 0,
      users: 2,
      channels: 2,
      subscriptions: 5,
      published: 0,
      delivered: 1,
      slowConsumersClosed: 0,
      uptimeMs: expect.any(Number),
    });
    expect(stats.uptimeMs).toBeGreaterThanOrEqual(0);
    expect(stats.uptimeMs).toBeLessThan(60_000);
    expect([users, topicNames].map((sketch) => DistinctCounter.parse(sketch).count)).toEqual([2, 2]);
    expect(topics).toEqual([{ topic: topicOf('acme', 'a'), subscribers: 3 }]);
  });

  it('lets other work run after every 5,000 subscriptions', async () => {
    const names = Array.from({ length: 2_499 }, (_, index) => `c${index}`);
    for (const userId of ['u1', 'u2', 'u3', 'u4']) connect(inAcme(userId), ...names);
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (turns < 10) setImmediate(turn);
    };
    setImmediate(turn);
    const counting = reportOf('acme', registry, counters, 1);
    await Promise.resolve();
    expect(turns).toBe(0);
    const { stats } = await counting;
    expect([stats.subscriptions, turns]).toEqual([4 * names.length, 2]);
  });
});
