import { eventBody } from '../../protocol/index.js';
import type { HistoryPage, ReadResult } from '../broker/broker.js';
import { ForeignData } from '../observability/foreign-data.js';
import { CheckedReads } from './checked-reads.js';

const LIMITS = { maxEvents: 10, maxBytes: 1_000 };
const AFTER = { epoch: 'e', offset: 0 };
const TOP = { epoch: 'e', offset: 2 };
const good = eventBody('apps:created', '1', '2026-01-01T12:00:00.000Z');

/** Reads a history with these bodies. */
function readsOf(bodies: readonly string[]): {
  readonly reads: CheckedReads;
  readonly counters: { foreignMessages: number };
} {
  const events = bodies.map((body, index) => ({ position: { epoch: 'e', offset: index + 1 }, body }));
  const counters = { foreignMessages: 0 };
  const broker = {
    read: async (): Promise<ReadResult> => ({ ok: true, events, top: TOP }),
    page: async (): Promise<HistoryPage> => ({ events, top: TOP, more: true }),
  };
  const reads = new CheckedReads(broker, new ForeignData(counters));
  return { reads, counters };
}

/** Returns the result of a read, and the number of entries counted as foreign. */
async function readOf(...bodies: readonly string[]): Promise<[result: ReadResult, foreign: number]> {
  const { reads, counters } = readsOf(bodies);
  return [await reads.read('acme/apps:created', AFTER, LIMITS), counters.foreignMessages];
}

describe('CheckedReads', () => {
  it('returns the events of the channel', async () => {
    expect(await readOf(good, good)).toMatchObject([{ ok: true, events: [{ body: good }, { body: good }] }, 0]);
  });

  it.each(['', '{', good.replace('created', 'deleted'), good.slice(0, -1)])(
    'treats a history that contains %j as expired, and counts it',
    async (foreign) => {
      expect(await readOf(good, foreign)).toEqual([{ ok: false, reason: 'expired', top: TOP }, 1]);
    },
  );

  it.each(['{', good.replace('"data":1', '"data":{"a"')])(
    'ends a page at an entry that is %j, and counts it',
    async (bad) => {
      const { reads, counters } = readsOf([good, good]);
      expect(await reads.page('acme/apps:created', null, LIMITS)).toMatchObject({ events: [{}, {}], more: true });
      expect(counters.foreignMessages).toBe(0);
      const foreign = readsOf([good, bad, good, good]);
      const page = await foreign.reads.page('acme/apps:created', null, LIMITS);
      expect(page?.events.map(({ position }) => position?.offset)).toEqual([3, 4]);
      expect(page?.more).toBe(false);
      expect(foreign.counters.foreignMessages).toBe(1);
    },
  );
});
