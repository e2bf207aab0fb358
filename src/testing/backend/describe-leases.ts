import assert from 'node:assert/strict';
import { until } from './assertions.js';
import type { Instances } from './describe-stores.js';
import type { TestRunner } from './test-runner.js';

const unique = (): string => Math.random().toString(36).slice(2);

/** Tests what ends with the lease of an instance, which must be short. */
export function describeLeases({ describe, it }: TestRunner, instances: Instances): void {
  describe('the end of the lease of an instance', () => {
    it('ends the entry of an instance in the directory, and registers it again', async () => {
      const [one, two] = instances();
      if (two === null) return;
      await one.directory.announce('one');
      const isLive = async (): Promise<boolean> => (await two.directory.living([one.directory.id])).size === 1;
      assert.equal(await isLive(), true);
      await until(
        async () => !(await isLive()),
        () => 'the lease to end',
      );
      assert.equal((await two.directory.all()).has(one.directory.id), false);
      await one.directory.announce('one, back');
      assert.equal(one.directory.registrations, 2);
      assert.equal((await two.directory.all()).get(one.directory.id), 'one, back');
    });

    it('ends its presence, and reports the removal once', async () => {
      const [one, two] = instances();
      if (two === null) return;
      const topic = `rooms:suite-${unique()}`;
      await one.directory.announce('here');
      await one.presence.write(topic, new Map([['u1', 1]]), new Map());
      let removed = false;
      await until(
        async () => {
          await two.directory.announce('here');
          const present = await two.presence.read(topic);
          removed ||= present.removed;
          return present.members.size === 0;
        },
        () => 'the values to be removed',
      );
      assert.equal(removed, true);
      assert.equal((await two.presence.read(topic)).removed, false);
    });

    it('ends its counts, whose keys are listed until they are dropped', async () => {
      const [one, two] = instances();
      if (two === null) return;
      const [key, other] = [`c:rooms:suite-${unique()}`, `c:rooms:suite-${unique()}`] as const;
      const { id } = one.directory;
      await one.directory.announce('here');
      await one.occupancy.write(
        new Map([
          [key, 1],
          [other, 1],
        ]),
      );
      await until(
        async () => {
          await two.directory.announce('here');
          return (await two.occupancy.instances()).dead.includes(id);
        },
        () => 'the lease to end',
      );
      assert.equal((await two.occupancy.totals([key, other])).size, 0);
      assert.deepEqual([...(await two.occupancy.keysOf(id, 10))].toSorted(), [key, other].toSorted());
      await two.occupancy.drop(id, [key]);
      assert.deepEqual(await two.occupancy.keysOf(id, 10), [other]);
      await two.occupancy.drop(id, [other]);
      assert.equal((await two.occupancy.instances()).dead.includes(id), false);
      // The instance is back: it was only cut off.
      await one.directory.announce('here');
      await one.occupancy.write(new Map([[key, 1]]));
      assert.equal((await two.occupancy.totals([key])).get(key), 1);
    });
  });
}
