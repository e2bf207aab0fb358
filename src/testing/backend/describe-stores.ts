import assert from 'node:assert/strict';
import type { Backend, StoredRevocation } from '../../realtime/index.js';
import { until } from './assertions.js';
import type { TestRunner } from './test-runner.js';

/** Two instances of one backend that are ready; `null` for the second one if an instance is always alone. */
export type Instances = () => [one: Backend, two: Backend | null];

const HOUR_MS = 3_600_000;

/** Tests the guarantees of a `TicketStore`. */
export function describeTickets({ describe, it }: TestRunner, instances: Instances): void {
  describe('guarantees of a ticket store', () => {
    it('gives a ticket once, on any instance', async () => {
      const [one, two] = instances();
      const taker = (two ?? one).tickets;
      await one.tickets.put('digest', 'holder ü "', 30_000);
      assert.equal(await taker.take('digest'), 'holder ü "');
      assert.equal(await taker.take('digest'), null);
      assert.equal(await one.tickets.take('digest'), null);
    });

    it('gives a ticket to one of many that take it at the same time', async () => {
      const [one, two] = instances();
      await one.tickets.put('contested', 'holder', 30_000);
      const takers = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? one : (two ?? one)).tickets);
      const taken = await Promise.all(takers.map((tickets) => tickets.take('contested')));
      assert.equal(taken.filter((holder) => holder !== null).length, 1);
    });

    it('returns a ticket of guests any number of times, on any instance', async () => {
      const [one, two] = instances();
      await one.tickets.put('guests', 'holder', 30_000);
      for (const { tickets } of [one, two ?? one, one]) assert.equal(await tickets.get('guests'), 'holder');
      assert.equal(await one.tickets.take('guests'), 'holder');
      assert.equal(await (two ?? one).tickets.get('guests'), null);
    });

    it('does not give an expired ticket, nor an unknown one', async () => {
      const [{ tickets }] = instances();
      await tickets.put('long', 'holder', 30_000);
      await tickets.put('short', 'holder', 20);
      await tickets.put('brief', 'holder', 20);
      await new Promise((resolve) => void setTimeout(resolve, 60)); // the ticket expires meanwhile
      assert.equal(await tickets.take('short'), null);
      assert.equal(await tickets.get('brief'), null);
      assert.equal(await tickets.take('unknown'), null);
      assert.equal(await tickets.get('unknown'), null);
      assert.equal(await tickets.get('long'), 'holder');
    });
  });
}

/** Tests the guarantees of a `RevocationStore`. */
export function describeRevocations({ describe, it }: TestRunner, instances: Instances): void {
  describe('guarantees of a revocation store', () => {
    const later = Date.now() + HOUR_MS;
    const stored = async ({ revocations }: Backend, prefix: string): Promise<StoredRevocation[]> =>
      (await revocations.all())
        .filter(({ entry }) => entry.startsWith(prefix))
        .toSorted((a, b) => (a.entry < b.entry ? -1 : 1));

    it('returns every entry that any instance added, with any content', async () => {
      const [one, two] = instances();
      const added = [
        { entry: 'a *?[x]\r\n{"', until: Infinity },
        { entry: 'a ä b', until: later + 0.5 },
      ];
      for (const revocation of added) assert.equal(await one.revocations.add(revocation, 100), true);
      assert.deepEqual(await stored(two ?? one, 'a'), added);
    });

    it('forgets expired entries', async () => {
      const [one] = instances();
      const expiresAt = Date.now() + 40;
      await one.revocations.add({ entry: 'b short', until: expiresAt }, 100);
      await one.revocations.add({ entry: 'b long', until: later }, 100);
      await until(
        () => Date.now() > expiresAt + 5,
        () => 'the entry to expire',
      );
      assert.deepEqual(await stored(one, 'b'), [{ entry: 'b long', until: later }]);
    });

    it('keeps the later end of an entry, and removes a superseded one', async () => {
      const [one] = instances();
      await one.revocations.add({ entry: 'c 1', until: later }, 100);
      await one.revocations.add({ entry: 'c 1', until: later - 1_000 }, 100);
      assert.deepEqual(await stored(one, 'c'), [{ entry: 'c 1', until: later }]);
      await one.revocations.add({ entry: 'c 2', until: later }, 100, 'c 1');
      assert.deepEqual(await stored(one, 'c'), [{ entry: 'c 2', until: later }]);
    });

    it('refuses a new entry beyond the capacity, and still accepts a known one', async () => {
      const [one] = instances();
      const { revocations } = one;
      const capacity = (await revocations.all()).length + 2;
      const add = (entry: string): Promise<boolean> => revocations.add({ entry, until: later }, capacity);
      assert.deepEqual([await add('d 1'), await add('d 2'), await add('d 3')], [true, true, false]);
      assert.equal(await add('d 2'), true);
      assert.equal(await revocations.add({ entry: 'd 3', until: later }, Infinity), true);
    });

    it('names the same incarnation to every instance', async () => {
      const [one, two] = instances();
      const lineage = await one.revocations.lineage();
      assert.match(lineage, /./);
      assert.equal(await (two ?? one).revocations.lineage(), lineage);
    });
  });
}

/** Tests the guarantees of an `InstanceDirectory`. */
export function describeDirectory({ describe, it }: TestRunner, instances: Instances): void {
  describe('guarantees of an instance directory', () => {
    it('gives each instance a different id', () => {
      const [one, two] = instances();
      assert.match(one.directory.id, /^[A-Za-z0-9]{1,64}$/);
      assert.notEqual(one.directory.id, two?.directory.id);
      assert.equal(one.directory.isAlone, two === null);
    });

    it('returns the last report of every instance, to every instance', async () => {
      const [one, two] = instances();
      const expected = new Map([[one.directory.id, 'one, again']]);
      await one.directory.announce('one');
      await one.directory.announce('one, again');
      if (two !== null) {
        await two.directory.announce('two ü "');
        expected.set(two.directory.id, 'two ü "');
        assert.deepEqual(new Map(await two.directory.all()), expected);
      }
      assert.deepEqual(new Map(await one.directory.all()), expected);
      assert.equal(one.directory.registrations, 1);
    });

    it('names the live ones of the given instances', async () => {
      const [one, two] = instances();
      await one.directory.announce('one');
      await two?.directory.announce('two');
      const known = two === null ? [one.directory.id] : [one.directory.id, two.directory.id];
      assert.deepEqual(new Set(await one.directory.living([...known, 'unknown'])), new Set(known));
    });

    it('has no report of an instance that left, which still counts as live for the given time', async () => {
      const [one, two] = instances();
      await one.directory.announce('one');
      await two?.directory.announce('two');
      await one.directory.leave(10_000);
      assert.equal((await (two ?? one).directory.all()).has(one.directory.id), false);
      if (two !== null) assert.equal((await two.directory.living([one.directory.id])).size, 1);
    });
  });
}
