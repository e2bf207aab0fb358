import assert from 'node:assert/strict';
import type { Position, ReadResult } from '../../realtime/index.js';
import { assertMatches, until } from './assertions.js';
import { HISTORY, LIMITS, type BrokerUnderTest } from './broker-under-test.js';
import type { TestRunner } from './test-runner.js';

/** Tests the guarantees of `read`. */
export function describeReads(
  { describe, it }: Pick<TestRunner, 'describe' | 'it'>,
  { broker, collector, topic, publish, publishMany }: BrokerUnderTest,
): void {
  const read = (after: Position | null, limits = LIMITS): Promise<ReadResult> => broker().read(topic(), after!, limits);
  const assertUnreadable = async (after: Position, reason: string, top: Position, limits = LIMITS): Promise<void> =>
    assert.deepEqual(await read(after, limits), { ok: false, reason, top });

  describe('read', () => {
    it('returns everything after a position, in order', async () => {
      const positions = await publishMany(5);
      const top = positions.at(-1)!;
      const events = [3, 4, 5].map((offset) => ({ position: { epoch: top.epoch, offset }, body: `m${offset}` }));
      assertMatches(await read(positions[1]!), { ok: true, events, top });
      assert.deepEqual(await read(top), { ok: true, events: [], top });
    });

    it('returns the event at the position as well if asked, with the mark with which it was delivered', async () => {
      await broker().subscribe(topic(), HISTORY);
      const [first, second] = (await publishMany(3)) as [Position, Position];
      await collector().until(topic(), 'm3');
      const marks = collector().received.map(({ event }) => event.mark);
      const result = await broker().read(topic(), second, LIMITS, true);
      assertMatches(result, { ok: true, events: [{ body: 'm3' }] });
      if (!result.ok || marks[0] === undefined) return; // only this broker can hand out events
      assert.equal(new Set(marks).size, 3);
      const found = [result.at, ...result.events].map((event) => event?.mark);
      assert.deepEqual(found, marks.slice(1));
      assertMatches(result.at, { position: second, body: 'm2' });
      const third = { ...first, offset: 3 };
      assertMatches(await broker().read(topic(), third, LIMITS, true), {
        ok: true,
        events: [],
        at: { mark: marks[2] },
      });
      await publishMany(HISTORY.size);
      const all = await broker().read(topic(), third, LIMITS, true);
      assert.equal(all.ok && all.events.length, HISTORY.size);
      assert.equal(all.ok && all.at, undefined); // it was trimmed
    });

    it('returns no events if one is missing: it was trimmed, is not published yet, or is of another epoch', async () => {
      const top = (await publishMany(25)).at(-1)!;
      const at = (offset: number): Position => ({ epoch: top.epoch, offset });
      assertMatches(await read(at(15)), { ok: true });
      await assertUnreadable(at(14), 'expired', top);
      await assertUnreadable(at(0), 'expired', top);
      await assertUnreadable(at(26), 'rewound', top);
      await assertUnreadable({ epoch: 'another', offset: 20 }, 'unknown_epoch', top);
    });

    it('returns no events if they exceed a limit', async () => {
      const top = (await publishMany(6)).at(-1)!;
      const at = (offset: number): Position => ({ epoch: top.epoch, offset });
      assertMatches(await read(at(2), { ...LIMITS, maxEvents: 4 }), { ok: true });
      await assertUnreadable(at(1), 'too_many', top, { ...LIMITS, maxEvents: 4 });
      assertMatches(await read(at(2), { ...LIMITS, maxBytes: 8 }), { ok: true });
      await assertUnreadable(at(1), 'too_many', top, { ...LIMITS, maxBytes: 8 });
    });

    it('returns no events after the history expired; the topic keeps its numbers', async () => {
      const history = { size: 10, ttlMs: 50 };
      const first = await publish('m1', { history });
      const second = await publish('m2', { history });
      await until(
        async () => !(await read(first)).ok,
        () => 'the history to expire',
      );
      await assertUnreadable(first!, 'expired', second!);
      assert.deepEqual(await read(second), { ok: true, events: [], top: second });
      assert.deepEqual(await publish('m3', { history }), { epoch: first!.epoch, offset: 3 });
    });

    it('keeps as many events as the latest publish says', async () => {
      await publishMany(5, { history: { size: 2, ttlMs: 60_000 } });
      const top = await publish('m6', { history: { size: 3, ttlMs: 60_000 } });
      assertMatches(await read({ epoch: top!.epoch, offset: 2 }), { ok: false, reason: 'expired' });
      assertMatches(await read({ epoch: top!.epoch, offset: 4 }), { ok: true });
    });
  });
}
