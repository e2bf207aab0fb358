import assert from 'node:assert/strict';
import type { HistoryPage, Position } from '../../realtime/index.js';
import { assertMatches, until } from './assertions.js';
import type { BrokerUnderTest } from './broker-under-test.js';
import { unmarked } from './collector.js';
import type { TestRunner } from './test-runner.js';

const LIMITS = { maxEvents: 4, maxBytes: 1_000_000 };

/** Tests the guarantees of `page` and `latest`. */
export function describePages(
  { describe, it }: Pick<TestRunner, 'describe' | 'it'>,
  { broker, topic, publishMany }: BrokerUnderTest,
): void {
  const page = (before: Position | null, limits = LIMITS): Promise<HistoryPage | null> =>
    broker().page(topic(), before, limits);
  const assertPage = async (
    before: Position | null,
    expected: { bodies: string[]; more: boolean },
    limits = LIMITS,
  ): Promise<HistoryPage> => {
    const found = await page(before, limits);
    assert.ok(found !== null);
    const bodies = found.events.map(({ body }) => body);
    assert.deepEqual({ bodies, more: found.more }, expected);
    return found;
  };

  describe('page', () => {
    it('returns the last stored events in order with their positions, and if there are older ones', async () => {
      const positions = await publishMany(6);
      const found = await assertPage(null, { bodies: ['m3', 'm4', 'm5', 'm6'], more: true });
      assert.deepEqual(found.top, positions.at(-1));
      const expected = [3, 4, 5, 6].map((number) => ({ position: positions[number - 1]!, body: `m${number}` }));
      assert.deepEqual(found.events.map(unmarked), expected);
    });

    it('returns the events directly before a position, down to the oldest stored one', async () => {
      const positions = await publishMany(14);
      await assertPage(positions[10]!, { bodies: ['m7', 'm8', 'm9', 'm10'], more: true });
      await assertPage(positions[8]!, { bodies: ['m5', 'm6', 'm7', 'm8'], more: false });
      await assertPage(positions[6]!, { bodies: ['m5', 'm6'], more: false });
      await assertPage(positions[4]!, { bodies: [], more: false });
      await assertPage(positions[2]!, { bodies: [], more: false });
      const end = { ...positions[0]!, offset: 15 };
      await assertPage(end, { bodies: ['m11', 'm12', 'm13', 'm14'], more: true });
    });

    it('returns no more bytes than the limit, but at least one event', async () => {
      const [, , third] = await publishMany(4);
      await assertPage(null, { bodies: ['m2', 'm3', 'm4'], more: true }, { maxEvents: 10, maxBytes: 6 });
      await assertPage(null, { bodies: ['m3', 'm4'], more: true }, { maxEvents: 10, maxBytes: 5 });
      await assertPage(third!, { bodies: ['m2'], more: true }, { maxEvents: 10, maxBytes: 1 });
    });

    it('returns more events than fit one step of a read', async () => {
      await publishMany(100, { history: { size: 90, ttlMs: 60_000 } });
      const found = await page(null, { maxEvents: 80, maxBytes: 1_000_000 });
      assert.deepEqual([found?.events.length, found?.events[0]?.body, found?.more], [80, 'm21', true]);
      const all = await page(null, { maxEvents: 1_000, maxBytes: 1_000_000 });
      assert.deepEqual([all?.events.length, all?.events[0]?.body, all?.more], [90, 'm11', false]);
    });

    it('returns nothing of a topic without events, or before its first event', async () => {
      const empty = await assertPage(null, { bodies: [], more: false });
      assert.equal(empty.top.offset, 0);
      const [first] = await publishMany(1);
      await assertPage(first!, { bodies: [], more: false });
      await assertPage(empty.top, { bodies: [], more: false });
    });

    it('returns null if no log has the position: of another epoch, or not published yet', async () => {
      const [first] = await publishMany(2);
      assert.equal(await page({ epoch: 'another', offset: 2 }), null);
      assert.equal(await page({ ...first!, offset: 4 }), null);
    });

    it('returns nothing after the history expired', async () => {
      const [, second] = await publishMany(2, { history: { size: 10, ttlMs: 50 } });
      await until(
        async () => (await page(null))?.events.length === 0,
        () => 'the history to expire',
      );
      assert.deepEqual(await page(null), { events: [], top: second, more: false });
      assertMatches(await page(second!), { events: [], more: false });
    });
  });

  it('returns the latest events of the history without a position', async () => {
    assert.deepEqual(await broker().latest(topic(), 5), []);
    const positions = await publishMany(25);
    const events = positions.map((position, index) => ({ position, body: `m${index + 1}` }));
    const latest = async (most: number): Promise<object[]> => (await broker().latest(topic(), most)).map(unmarked);
    assert.deepEqual(await latest(3), events.slice(-3));
    assert.deepEqual(await latest(1_000), events.slice(-10));
  });
}
