import fc from 'fast-check';
import {
  CONNECTION_SORTS,
  mergeConnections,
  selectConnections,
  type ConnectionQuery,
  type ConnectionRow,
  type RowCursor,
} from './connection-rows.js';
import type { Connection } from '../../connections/connection.js';

/** The part of a connection that a row is made of. */
interface Fake {
  readonly id: string;
  readonly user: string | null;
  readonly address: string;
  readonly since: number;
  readonly channels: readonly string[];
  readonly bytes: number;
}

function connectionOf({ id, user, address, since, channels, bytes }: Fake): Connection {
  const principal = user === null ? null : { user: { userId: user, role: 'user' }, expiresAt: Infinity };
  const subscriptions = new Map(channels.map((channel) => [channel, {}]));
  return {
    id,
    principal,
    address,
    transport: { kind: 'websocket' },
    since,
    subscriptions,
    sendBuffer: { bufferedBytes: bytes },
  } as unknown as Connection;
}

const fake = fc.record<Fake>({
  id: fc.uuid(),
  user: fc.option(fc.constantFrom('ann', 'bob', 'Åse', '')),
  address: fc.constantFrom('10.0.0.1', '10.0.0.2', '::1'),
  since: fc.integer({ min: 0, max: 5 }),
  channels: fc.subarray(['apps:created', 'apps:updated']),
  bytes: fc.integer({ min: 0, max: 3 }),
});

/** Reads all pages of several instances, one after the other. */
async function allPages(instances: readonly Fake[][], limit: number, query: Omit<ConnectionQuery, 'most'>) {
  const pages: ConnectionRow[][] = [];
  const totals = new Set<number>();
  let after: RowCursor | undefined;
  do {
    const paged = { ...query, most: limit + 1, ...(after === undefined ? {} : { after }) };
    const answers = await Promise.all(instances.map((all) => selectConnections(all.map(connectionOf), paged)));
    const { rows, total, end } = mergeConnections(answers, paged, limit);
    pages.push([...rows]);
    totals.add(total);
    after = end ?? undefined;
  } while (after !== undefined);
  return { pages, totals: [...totals] };
}

describe('the pages of connections of several instances', () => {
  it('contain each connection once, in order, for any sort order and page size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uniqueArray(fake, { selector: ({ id }) => id, maxLength: 12 }), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom(...CONNECTION_SORTS),
        fc.constantFrom('asc' as const, 'desc' as const),
        async (instances, limit, sort, order) => {
          const ids = instances.flat().map(({ id }) => id);
          fc.pre(new Set(ids).size === ids.length);
          const { pages, totals } = await allPages(instances, limit, { sort, order });
          const rows = pages.flat();
          expect(rows.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
          expect(totals).toEqual([ids.length]);
          expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
          const keys = rows.map((row) => row[sort] ?? '');
          const sorted = [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
          expect(keys).toEqual(order === 'asc' ? sorted : sorted.toReversed());
        },
      ),
      { numRuns: 200 },
    );
  });

  const here: Fake[] = [
    { id: '1', user: 'ann', address: '10.0.0.1', since: 1, channels: ['apps:created'], bytes: 5 },
    { id: '2', user: 'Bob', address: '10.0.0.2', since: 2, channels: [], bytes: 0 },
  ];
  const there: Fake[] = [{ id: '3', user: null, address: '10.0.0.1', since: 3, channels: ['apps:created'], bytes: 9 }];

  it.each<[string, object, string[]]>([
    ['a user', { user: 'ann' }, ['1']],
    ['the exact user id, not a part of it', { user: 'bob' }, []],
    ['a channel', { channel: 'apps:created' }, ['1', '3']],
    ['an address', { address: '10.0.0.1' }, ['1', '3']],
    ['a session without a connection', { session: 's' }, []],
    ['text, case-insensitive', { search: 'bO' }, ['2']],
    ['text in an address', { search: '0.0.2' }, ['2']],
    ['several filters', { search: '10.0', channel: 'apps:created', user: 'ann' }, ['1']],
  ])('are filtered by %s', async (_what, filter, ids) => {
    const { pages, totals } = await allPages([here, there], 10, { sort: 'connectedAt', order: 'asc', ...filter });
    expect(pages.flat().map(({ id }) => id)).toEqual(ids);
    expect(totals).toEqual([ids.length]);
  });
});
