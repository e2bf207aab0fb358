import { offlineConnection, principalOf } from '../../../test/support/offline-connection.js';
import type { Principal } from '../auth/principal.js';
import { Counters } from '../observability/counters.js';
import type { Connection } from './connection.js';
import { ConnectionRegistry } from './connection-registry.js';
import type { Subscription } from './subscription.js';

describe('ConnectionRegistry', () => {
  let counters: Counters;
  let registry: ConnectionRegistry;

  beforeEach(() => {
    counters = new Counters();
    registry = new ConnectionRegistry(counters);
  });

  const connect = (principal: Principal | null = null): Connection => {
    const connection = offlineConnection(principal);
    registry.add(connection);
    return connection;
  };

  it('finds a connection by id, user, session and tenant until it is removed', () => {
    const [one, two, other] = [connect(principalOf('u')), connect(principalOf('u')), connect(principalOf('v'))];
    expect([registry.size, registry.get(one.id)]).toEqual([3, one]);
    expect([...registry.all()]).toEqual([one, two, other]);
    expect([...registry.ofUser('u')]).toEqual([one, two]);
    expect([...registry.ofSession('s-u')]).toEqual([one, two]);
    expect([...registry.users()]).toEqual(['u', 'v']);

    registry.remove(one);
    registry.remove(other);
    expect([registry.size, registry.get(one.id)]).toEqual([1, undefined]);
    expect([...registry.ofUser('u')]).toEqual([two]);
    expect([...registry.ofSession('s-u')]).toEqual([two]);
    expect([registry.ofUser('v').size, registry.ofSession('s-v').size]).toEqual([0, 0]);
    expect([...registry.users()]).toEqual(['u']);
  });

  it('ignores the removal of a connection that it does not contain', () => {
    const connection = connect(principalOf('u', { tenant: 'a' }));
    const stranger = offlineConnection(connection.principal);
    registry.remove(stranger);
    expect([...registry.ofTenant('a').connections]).toEqual([connection]);
    registry.remove(connection);
    registry.remove(connection);
    expect([registry.size, [...registry.tenants()]]).toEqual([0, []]);
  });

  it('moves a connection to the user of a newer token, with its subscriptions', () => {
    const connection = connect();
    const identified: Connection[] = [];
    const nothing = () => undefined;
    registry.listen({
      began: nothing,
      ended: nothing,
      resumed: nothing,
      identified: (one) => void identified.push(one),
    });
    registry.identify(connection, principalOf('u', { tenant: 'a' }));
    registry.subscribe(connection, 'c');
    connect(principalOf('w', { tenant: 'a' }));
    const sizes = () => ['a', 'b'].map((tenant) => registry.ofTenant(tenant)).map((load) => load.subscriptions);
    expect(sizes()).toEqual([1, 0]);

    registry.identify(connection, principalOf('v', { tenant: 'b', session: 's' }));
    expect(connection.principal?.user.userId).toBe('v');
    expect(registry.ofUser(connection.principal?.userKey ?? '').size).toBe(1);
    expect([registry.ofSession('s-u').size, registry.ofSession('s').size]).toEqual([0, 1]);
    expect(sizes()).toEqual([0, 1]);

    registry.identify(connection, null);
    expect([[...registry.users()].length, [...registry.tenants()].map(([tenant]) => tenant)]).toEqual([1, ['a']]);
    expect(identified).toEqual([connection, connection, connection]);
  });

  it('does not index a connection that is identified before it is added', () => {
    const connection = offlineConnection();
    registry.identify(connection, principalOf('u'));
    expect([connection.principal?.user.userId, registry.ofUser('u').size]).toEqual(['u', 0]);
    registry.add(connection);
    expect(registry.ofUser('u').size).toBe(1);
  });

  it('knows the subscriptions of a topic, and reports when the last one has ended', () => {
    const [one, other] = [connect(), connect()];
    const first = registry.subscribe(one, 'c', 'a:c');
    const second = registry.subscribe(other, 'c', 'a:c');
    expect([...registry.subscribersOf('a:c')]).toEqual([first, second]);
    expect([one.subscriptions.get('c'), [...registry.topics()]]).toEqual([first, ['a:c']]);

    expect(registry.unsubscribe(first)).toBe(false);
    expect(registry.unsubscribe(first)).toBe(false); // it has ended already
    expect([one.subscriptions.size, registry.stats().subscriptions]).toEqual([0, 1]);
    expect(registry.unsubscribe(second)).toBe(true);
    expect([registry.subscribersOf('a:c').size, [...registry.topics()]]).toEqual([0, []]);
  });

  it('notifies its listener of each subscription once', () => {
    const seen: string[] = [];
    const note = (what: string) => (subscription: Subscription) => void seen.push(`${what} ${subscription.channel}`);
    registry.subscribe(connect(), 'before');
    registry.listen({
      began: note('began'),
      ended: note('ended'),
      resumed: note('resumed'),
      identified: () => undefined,
    });
    const subscription = registry.subscribe(connect(), 'c');
    registry.resumed(subscription);
    registry.unsubscribe(subscription);
    registry.unsubscribe(subscription);
    expect(seen).toEqual(['began c', 'resumed c', 'ended c']);
  });

  it('counts the load of each tenant until its last connection leaves', () => {
    const [one, two] = [connect(principalOf('u', { tenant: 'a' })), connect(principalOf('v', { tenant: 'a' }))];
    connect(principalOf('w')); // without tenants
    const subscription = registry.subscribe(one, 'c');
    registry.subscribe(two, 'c');
    registry.subscribe(connect(), 'c'); // anonymous
    expect([...registry.tenants()]).toEqual([['a', { connections: new Set([one, two]), subscriptions: 2 }]]);
    registry.unsubscribe(subscription);
    registry.remove(one);
    expect([...registry.ofTenant('a').connections, registry.ofTenant('a').subscriptions]).toEqual([two, 1]);
    registry.remove(two);
    expect([[...registry.tenants()], registry.ofTenant('a').subscriptions]).toEqual([[], 0]);
  });

  it('counts connections, users, topics and subscriptions', () => {
    const [known, again, unknown] = [connect(principalOf('u')), connect(principalOf('u')), connect()];
    for (const connection of [known, again, unknown]) registry.subscribe(connection, 'c');
    registry.subscribe(known, 'd');
    Object.assign(counters, {
      published: 7,
      delivered: 8,
      slowConsumersClosed: 9,
      startedAt: performance.now() - 5_000,
    });
    const { uptimeMs, ...stats } = registry.stats();
    expect(stats).toEqual({
      ...{ connections: 3, anonymous: 1, users: 1, channels: 2, subscriptions: 4 },
      ...{ published: 7, delivered: 8, slowConsumersClosed: 9 },
    });
    expect(Number.isInteger(uptimeMs) && uptimeMs >= 5_000 && uptimeMs < 60_000).toBe(true);
  });

  it('lists the topics with the most subscribers, those with equally many by name', () => {
    for (const [topic, subscribers] of Object.entries({ d: 1, b: 2, a: 3, c: 2, e: 1 })) {
      for (let count = 0; count < subscribers; count += 1) registry.subscribe(connect(), topic);
    }
    const busiest = (most: number) => registry.busiestTopics(most).map(({ topic, subscribers }) => topic + subscribers);
    expect(busiest(3)).toEqual(['a3', 'b2', 'c2']);
    expect(busiest(4)).toEqual(['a3', 'b2', 'c2', 'd1']);
    expect(busiest(9)).toEqual(['a3', 'b2', 'c2', 'd1', 'e1']);
  });
});
