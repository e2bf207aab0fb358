import { offlineConnection } from '../../../test/support/offline-connection.js';
import type { Subscription } from './subscription.js';
import { TenantLoads } from './tenant-loads.js';

describe('TenantLoads', () => {
  const connection = (subscriptions: number): ReturnType<typeof offlineConnection> => {
    const one = offlineConnection();
    for (let count = 0; count < subscriptions; count += 1) one.subscriptions.set(`c${count}`, {} as Subscription);
    return one;
  };

  it('counts the connections of each tenant, with the subscriptions that they have already', () => {
    const loads = new TenantLoads();
    const [one, two] = [connection(2), connection(1)];
    loads.add('a', one);
    loads.add('a', two);
    loads.add('b', connection(0));
    expect([loads.get('a').connections.size, loads.get('a').subscriptions]).toEqual([2, 3]);
    loads.countSubscription('a', 1);
    loads.countSubscription('a', 1);
    loads.countSubscription('a', -1);
    expect(loads.get('a').subscriptions).toBe(4);
    loads.countSubscription('a', -1);
    loads.remove('a', one);
    expect([loads.get('a').connections.size, loads.get('a').subscriptions]).toEqual([1, 1]);
    expect([...loads].map(([tenant]) => tenant)).toEqual(['a', 'b']);
  });

  it('forgets a tenant without connections, and ignores a connection that it does not know', () => {
    const loads = new TenantLoads();
    const one = connection(1);
    loads.add('a', one);
    loads.remove('a', connection(1));
    loads.remove('b', one);
    loads.countSubscription('b', 1);
    expect([loads.get('a').subscriptions, loads.get('b').subscriptions]).toEqual([1, 0]);
    loads.remove('a', one);
    expect([[...loads], loads.get('a').connections.size]).toEqual([[], 0]);
  });
});
