import { eventBody } from '../../protocol/index.js';
import type { ReadResult } from '../broker/broker.js';
import { ForeignData } from '../observability/foreign-data.js';
import { CheckedReads } from './checked-reads.js';

const LIMITS = { maxEvents: 10, maxBytes: 1_000 };
const AFTER = { epoch: 'e', offset: 0 };
const TOP = { epoch: 'e', offset: 2 };
const good = eventBody('apps:created', '1', '2026-01-01T12:00:00.000Z');

/** Reads a history with these bodies. Returns the result, and the number of entries counted as foreign. */
async function readOf(...bodies: readonly string[]): Promise<[result: ReadResult, foreign: number]> {
  const events = bodies.map((body, index) => ({ position: { epoch: 'e', offset: index + 1 }, body }));
  const counters = { foreignMessages: 0 };
  const broker = { read: async (): Promise<ReadResult> => ({ ok: true, events, top: TOP }) };
  const reads = new CheckedReads(broker, new ForeignData(counters));
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
});
