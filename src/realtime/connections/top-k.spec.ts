import { TopK } from './top-k.js';

describe('TopK', () => {
  const firstOf = (numbers: readonly number[], k: number): number[] => {
    const top = new TopK<number>(k, (a, b) => a - b);
    for (const number of numbers) top.add(number);
    return top.list();
  };

  it.each([
    ['fewer than k items', [3, 1], 4, [1, 3]],
    ['items in order', [1, 2, 3, 4, 5, 6, 7], 3, [1, 2, 3]],
    ['items in reverse order', [7, 6, 5, 4, 3, 2, 1], 3, [1, 2, 3]],
    ['equal items', [2, 1, 2, 1, 2, 1], 2, [1, 1]],
    ['an item that comes late', [10, 20, 30, 40, 15, 25], 2, [10, 15]],
    ['one item', [5, 4, 9], 1, [4]],
  ])('keeps the first k of %s', (_what, numbers, k, first) => {
    expect(firstOf(numbers, k)).toEqual(first);
  });

  it('compares a later item only with the last item that it keeps', () => {
    let compared = 0;
    const top = new TopK<number>(2, (a, b) => ((compared += 1), a - b));
    for (const number of [1, 2, 3, 4]) top.add(number);
    compared = 0;
    for (let number = 2; number < 102; number += 1) top.add(number);
    expect(compared).toBe(100);
    expect(top.list()).toEqual([1, 2]);
  });

  it('lists more items after it was read', () => {
    const top = new TopK<number>(2, (a, b) => a - b);
    for (const number of [5, 6, 7]) top.add(number);
    const before = top.list();
    top.add(1);
    expect([before, top.list()]).toEqual([
      [5, 6],
      [1, 5],
    ]);
  });
});
