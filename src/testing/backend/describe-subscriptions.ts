import assert from 'node:assert/strict';
import type { SubscriptionStore } from '../../realtime/index.js';
import { until } from './assertions.js';
import type { Instances } from './describe-stores.js';
import type { TestRunner } from './test-runner.js';

const HOUR_MS = 3_600_000;

/** The promises of `SubscriptionStore`, as tests. */
export function describeSubscriptions({ describe, it }: TestRunner, instances: Instances): void {
  describe('the promises of a subscription store', () => {
    let users = 0;
    const newUser = (): string => `suite${(users += 1)}-${Math.random().toString(36).slice(2)} ü:{x}/`;
    const stored = async (store: SubscriptionStore, userKey: string): Promise<[string, string][]> =>
      [...(await store.all(userKey, HOUR_MS))].toSorted(([a], [b]) => (a < b ? -1 : 1));

    it('returns to every instance the channels that any of them stored, of this user alone', async () => {
      const [one, two] = instances();
      const [user, other] = [newUser(), newUser()];
      assert.deepEqual(await stored(one.subscriptions, user), []);
      assert.equal(await one.subscriptions.add(user, 'rooms:1', 'first "ü', 10, HOUR_MS), true);
      assert.equal(await (two ?? one).subscriptions.add(user, 'rooms:2', 'second', 10, HOUR_MS), true);
      assert.equal(await one.subscriptions.add(other, 'rooms:3', 'third', 10, HOUR_MS), true);
      assert.equal(await one.subscriptions.add(user, 'rooms:1', 'replaced', 10, HOUR_MS), true);
      for (const { subscriptions } of [one, two ?? one]) {
        assert.deepEqual(await stored(subscriptions, user), [
          ['rooms:1', 'replaced'],
          ['rooms:2', 'second'],
        ]);
        assert.equal(await subscriptions.isUsed(), true);
      }
    });

    it('removes a channel for every instance, and nothing else', async () => {
      const [one, two] = instances();
      const user = newUser();
      for (const channel of ['rooms:1', 'rooms:2']) await one.subscriptions.add(user, channel, 'entry', 10, HOUR_MS);
      await (two ?? one).subscriptions.remove(user, 'rooms:1');
      await one.subscriptions.remove(user, 'unknown');
      await one.subscriptions.remove(newUser(), 'rooms:2');
      assert.deepEqual(await stored(one.subscriptions, user), [['rooms:2', 'entry']]);
    });

    it('refuses a channel beyond the capacity of a user, and accepts one that it has', async () => {
      const [{ subscriptions }] = instances();
      const user = newUser();
      const add = (channel: string): Promise<boolean> => subscriptions.add(user, channel, 'entry', 2, HOUR_MS);
      assert.deepEqual([await add('rooms:1'), await add('rooms:2'), await add('rooms:3')], [true, true, false]);
      assert.equal(await add('rooms:2'), true);
      await subscriptions.remove(user, 'rooms:1');
      assert.equal(await add('rooms:3'), true);
    });

    it('forgets the channels of a user that were not used for the given time, and keeps those that were', async () => {
      const [{ subscriptions }] = instances();
      const [kept, forgotten] = [newUser(), newUser()];
      await subscriptions.add(forgotten, 'rooms:1', 'entry', 10, 40);
      await subscriptions.add(kept, 'rooms:1', 'entry', 10, 40);
      await subscriptions.all(kept, HOUR_MS);
      const end = Date.now() + 60;
      await until(
        () => Date.now() > end,
        () => 'the entry to expire',
      );
      assert.deepEqual(await stored(subscriptions, forgotten), []);
      assert.deepEqual(await stored(subscriptions, kept), [['rooms:1', 'entry']]);
    });
  });
}
