import { TopK } from '../../connections/top-k.js';
import { DistinctCounter, EXACT_UP_TO } from './distinct-counter.js';

function names(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `user-${from + index}`);
}

async function merged(...lists: string[][]): Promise<number> {
  const sketches = await Promise.all(lists.map((list) => DistinctCounter.of(list)));
  return DistinctCounter.merge(sketches.map((sketch) => DistinctCounter.parse(sketch.toString()))).count;
}

describe('DistinctCounter', () => {
  it('counts small numbers exactly', async () => {
    expect((await DistinctCounter.of([])).count).toBe(0);
    expect((await DistinctCounter.of(names(0, 1))).count).toBe(1);
    expect((await DistinctCounter.of(names(0, EXACT_UP_TO - 1))).count).toBe(EXACT_UP_TO - 1);
  });

  it('counts a user on several instances once', async () => {
    expect(await merged(names(0, 10), names(5, 15), names(0, 15))).toBe(15);
    expect(await merged([], [], names(0, 3))).toBe(3);
  });

  it.each([2_000, 20_000, 200_000])('is within 10 %% of %d', async (total) => {
    const third = Math.round(total / 3);
    const counted = await merged(names(0, 2 * third), names(third, total), names(0, total));
    expect(Math.abs(counted - total) / total).toBeLessThan(0.1);
  });

  it('has the same size for many users as for a thousand', async () => {
    expect((await DistinctCounter.of(names(0, 20_000))).toString().length).toBe(8 * EXACT_UP_TO);
  });

  it('treats an invalid sketch as empty', () => {
    expect(DistinctCounter.parse('').count).toBe(0);
    expect(DistinctCounter.parse('!').count).toBe(0);
  });

  it('lets other work run meanwhile', async () => {
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 0);
    await DistinctCounter.of(names(0, 200_000));
    clearInterval(turning);
    expect(turns).toBeGreaterThan(5);
  });
});

describe('TopK', () => {
  it.each([0, 1, 5, 7, 100])('finds the same first 5 of %d as sorting', (total) => {
    const items = Array.from({ length: total }, (_, index) => (index * 7_919) % 101);
    const first = new TopK<number>(5, (a, b) => a - b);
    for (const item of items) first.add(item);
    expect(first.list()).toEqual(items.toSorted((a, b) => a - b).slice(0, 5));
  });
});
