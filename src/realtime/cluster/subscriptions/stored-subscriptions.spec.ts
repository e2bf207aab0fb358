import { ClusterSeal } from '../../auth/cluster-seal.js';
import { MemorySubscriptionStore } from '../../backends/memory/memory.subscription-store.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { StoredSubscriptions } from './stored-subscriptions.js';

const HOUR_MS = 3_600_000;

describe('the stored subscriptions of users', () => {
  const setUp = (...keys: string[]) => {
    const store = new MemorySubscriptionStore();
    const counters = { foreignMessages: 0 };
    const under = (...others: string[]) =>
      new StoredSubscriptions(store, new ClusterSeal(others), new ForeignData(counters));
    return { store, counters, under, stored: under(...keys) };
  };

  it('skips and counts entries that no instance wrote, for this user and this channel', async () => {
    const { store, counters, stored } = setUp('key');
    await stored.add('ann', 'rooms:1');
    const [genuine] = (await store.all('ann', HOUR_MS)).values();
    await store.add('ann', 'rooms:2', 'rooms:2', 10, HOUR_MS);
    await store.add('ann', 'rooms:3', String(genuine), 10, HOUR_MS);
    await store.add('bob', 'rooms:1', String(genuine), 10, HOUR_MS);
    expect(await stored.of('ann')).toEqual(['rooms:1']);
    expect(await stored.of('bob')).toEqual([]);
    expect(counters.foreignMessages).toBe(3);
  });

  it('reads and removes entries of a former key', async () => {
    const { stored, under } = setUp('old');
    await stored.add('ann', 'rooms:1');
    const later = under('new', 'old');
    expect(await later.of('ann')).toEqual(['rooms:1']);
    await later.remove('ann', 'rooms:1');
    expect(await stored.of('ann')).toEqual([]);
  });

  it('reads at most 100 channels, also if another program wrote more', async () => {
    const { store, stored } = setUp();
    for (let index = 0; index < 150; index += 1) await store.add('ann', `a:${index}`, `a:${index}`, 1_000, HOUR_MS);
    expect(await stored.of('ann')).toHaveLength(100);
  });
});
