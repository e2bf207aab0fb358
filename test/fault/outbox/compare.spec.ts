import { compare, type Change, type Reload } from './compare.js';

const change = (n: number, channel = 'a'): Change => ({ channel, n, token: `${channel}${n}` });
const reload = (n: number, reloaded = 'a'): Reload => ({ reloaded, n });
const kinds = (committed: readonly Change[], received: readonly (Change | Reload)[]) =>
  compare(committed, received).map(({ kind, change: { token } }) => `${token} ${kind}`);

describe('the comparison of the database with a subscriber', () => {
  const committed = [change(1), change(2), change(3), change(1, 'b')];

  it('finds nothing if each event was sent once and in order of its channel', () => {
    expect(kinds(committed, [change(1), change(1, 'b'), change(2), change(3)])).toEqual([]);
  });

  it.each([
    { fault: 'lost', seen: [change(1), change(3), change(1, 'b')], found: ['a2 lost'] },
    { fault: 'sent twice', seen: [...committed, change(2)], found: ['a2 twice'] },
    { fault: 'out of order', seen: [change(2), change(1), change(3), change(1, 'b')], found: ['a1 out of order'] },
    { fault: 'rolled back', seen: [...committed, change(4)], found: ['a4 never committed'] },
  ])('finds a change that was $fault', ({ seen, found }) => {
    expect(kinds(committed, seen)).toEqual(found);
  });

  it.each([
    { which: 'read in the reload', received: [change(1), reload(2), change(3)], found: [] },
    { which: 'read in the reload and sent as well', received: [change(1), reload(3), change(2), change(3)], found: [] },
    { which: 'skipped before the reload', received: [change(2), reload(3), change(3)], found: ['a1 lost'] },
    { which: 'committed after the reload', received: [reload(2)], found: ['a3 lost'] },
    { which: 'of another channel', received: [reload(3, 'b')], found: ['a1 lost', 'a2 lost', 'a3 lost'] },
    { which: 'sent twice', received: [change(1), reload(3), change(1)], found: ['a1 twice'] },
    { which: 'older than the last', received: [change(2), reload(3), change(1)], found: ['a1 out of order'] },
  ])('evaluates a change around a resync that was $which', ({ received, found }) => {
    expect(kinds([change(1), change(2), change(3)], received)).toEqual(found);
  });
});
