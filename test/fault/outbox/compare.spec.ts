import { compare, type Change } from './compare.js';

const change = (n: number, channel = 'a'): Change => ({ channel, n, token: `${channel}${n}` });
const kinds = (committed: readonly Change[], seen: readonly Change[]) =>
  compare(committed, seen).map(({ kind, change: { token } }) => `${token} ${kind}`);

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
});
