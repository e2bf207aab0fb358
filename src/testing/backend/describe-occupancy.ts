import assert from 'node:assert/strict';
import { NOT_COUNTED, type Backend, type Claim } from '../../realtime/index.js';
import type { Instances } from './describe-stores.js';
import type { TestRunner } from './test-runner.js';

/** The promises of `OccupancyStore`, as tests. */
export function describeOccupancy({ describe, it }: TestRunner, instances: Instances): void {
  describe('the promises of an occupancy store', () => {
    let keys = 0;
    const newKey = (): string => `c:rooms:suite${(keys += 1)}-${Math.random().toString(36).slice(2)}`;
    const write = async (backend: Backend, counts: Record<string, number | null>): Promise<void> => {
      await backend.directory.announce('here');
      await backend.occupancy.write(new Map(Object.entries(counts)));
    };
    const start = (backend: Backend, key: string, expected: Claim | null = null): Promise<Claim | null> =>
      backend.occupancy.claim(key, expected, { state: 'starting', owner: backend.directory.id, sequence: null });

    it('returns the last count of each key until it is removed', async () => {
      const [one] = instances();
      const [key, other, none] = [newKey(), newKey(), newKey()];
      const before = await one.occupancy.size();
      await write(one, { [key]: 1, [other]: 0 });
      await write(one, { [key]: 3 });
      const totals = await one.occupancy.totals([key, other, none]);
      assert.deepEqual([totals.get(key), totals.get(other), totals.has(none)], [3, 0, false]);
      assert.equal(await one.occupancy.size(), before + 2);
      await write(one, { [key]: null, [other]: NOT_COUNTED, [none]: null });
      assert.equal((await one.occupancy.totals([key, other])).size, 0);
      assert.equal(await one.occupancy.size(), before + 1);
    });

    it('adds up the counts of all instances', async () => {
      const [one, two] = instances();
      if (two === null) return;
      const [key, other] = [newKey(), newKey()];
      await write(one, { [key]: 2, [other]: NOT_COUNTED });
      await write(two, { [key]: 5, [other]: 0 });
      assert.deepEqual(new Map(await one.occupancy.totals([key, other])), new Map([[key, 7], [other, 0]])); // prettier-ignore
      await write(two, { [other]: null });
      assert.equal((await one.occupancy.totals([other])).size, 0);
    });

    it('accepts any key, and thousands at once', async () => {
      const [one] = instances();
      const odd = ['u:a:b', 'u:{x}', 'u:}', 'u:__proto__', 'u:ü ✓', `u:${'x'.repeat(190)}`];
      const many = Array.from({ length: 2_500 }, (_, index) => `${newKey()}:${index}`);
      await one.directory.announce('here');
      await one.occupancy.write(new Map([...odd, ...many].map((key, index) => [key, index])));
      const totals = await one.occupancy.totals([...odd, ...many]);
      assert.deepEqual([...odd, ...many].map((key) => totals.get(key)), [...odd, ...many].map((_, index) => index)); // prettier-ignore
      for (const key of odd) assert.notEqual(await start(one, key), null);
      assert.deepEqual([...(await one.occupancy.claims([...odd, ...many])).keys()].toSorted(), odd.toSorted());
    });

    it('gives a claim to one of many instances that claim at the same time', async () => {
      const [one, two] = instances();
      const key = newKey();
      const claimed = await Promise.all(
        Array.from({ length: 10 }, (_, index) => start(index % 2 === 0 ? one : (two ?? one), key)),
      );
      const [claim, ...others] = claimed.filter((each) => each !== null);
      assert.equal(others.length, 0);
      assert.deepEqual(new Map(await (two ?? one).occupancy.claims([key])), new Map([[key, claim]]));
    });

    it('replaces the expected claim only, and keeps its sequence if asked to', async () => {
      const [one, two] = instances();
      const key = newKey();
      const claim = await start(one, key);
      assert.ok(claim !== null);
      for (const other of [null, { ...claim, sequence: claim.sequence - 1 }, { ...claim, owner: '' }]) {
        assert.equal(await (two ?? one).occupancy.claim(key, other, { ...claim, state: 'held' }), null);
      }
      const held = await (two ?? one).occupancy.claim(key, claim, { ...claim, state: 'held', owner: '' });
      assert.deepEqual(held, { ...claim, state: 'held', owner: '' });
      assert.deepEqual((await one.occupancy.claims([key])).get(key), held);
    });

    it('chooses a higher sequence for each change, also after a claim has ended', async () => {
      const [one, two] = instances();
      const key = newKey();
      let claim = await start(one, key);
      const sequences: number[] = [];
      for (const state of ['ending', 'ended', 'starting', 'ending', 'ended', 'starting'] as const) {
        const next = { state, owner: one.directory.id, sequence: null };
        assert.ok(claim !== null);
        sequences.push(claim.sequence);
        claim = await (sequences.length % 2 === 0 ? one : (two ?? one)).occupancy.claim(key, claim, next);
      }
      assert.deepEqual(
        sequences,
        [...new Set(sequences)].toSorted((a, b) => a - b),
      );
      assert.ok(sequences.every(Number.isSafeInteger));
    });

    it('lists this instance as live, with its keys', async () => {
      const [one] = instances();
      const [key, other] = [newKey(), newKey()];
      await write(one, { [key]: 1, [other]: NOT_COUNTED });
      assert.ok((await one.occupancy.instances()).living.includes(one.directory.id));
      const stored = await one.occupancy.keysOf(one.directory.id, 10_000);
      assert.deepEqual([stored.includes(key), stored.includes(other)], [true, true]);
      assert.equal((await one.occupancy.keysOf(one.directory.id, 1)).length, 1);
    });
  });
}
