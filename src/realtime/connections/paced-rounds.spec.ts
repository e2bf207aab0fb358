import { PacedRounds } from './paced-rounds.js';

describe('PacedRounds', () => {
  /** Items by name. Visiting one takes this number of milliseconds of a fake clock. */
  function rounds(size: number, itemMs = 0) {
    const items = new Map(Array.from({ length: size }, (_, index) => [index, index]));
    const fake = { items, visited: [] as number[], ended: 0, now: 0, failsAt: -1 };
    const source = { all: () => items.values(), get size() { return items.size; } }; // prettier-ignore
    const visit = (item: number): void => {
      fake.now += itemMs;
      if (item === fake.failsAt) throw new Error('broken');
      fake.visited.push(item);
    };
    const paced = new PacedRounds(source, 250, visit, () => (fake.ended += 1), () => fake.now); // prettier-ignore
    return { fake, paced };
  }

  it.each([0, 1, 999])('visits up to a thousand in one piece per round: %i', (size) => {
    const { fake, paced } = rounds(size);
    for (let round = 1; round <= 3; round += 1) {
      expect(paced.next()).toBe(250);
      expect(fake.visited).toHaveLength(round * size);
      expect(fake.ended).toBe(round);
    }
  });

  it('visits each of fifty thousand once per round, in pieces of a thousand', () => {
    const { fake, paced } = rounds(50_000);
    let pausedMs = 0;
    for (let piece = 1; piece <= 50; piece += 1) {
      pausedMs += paced.next();
      expect(fake.visited).toHaveLength(piece * 1_000);
    }
    expect(pausedMs).toBe(250);
    expect(fake.ended).toBe(0);
    paced.next();
    expect(fake.ended).toBe(1);
    expect(new Set(fake.visited).size).toBe(50_000);
    expect(fake.visited).toHaveLength(50_000);
  });

  it('ends a piece after a millisecond, and continues soon where it stopped', () => {
    const { fake, paced } = rounds(100, 0.1);
    expect(paced.next()).toBe(1);
    expect(fake.visited).toHaveLength(16);
    expect(paced.next()).toBe(1);
    expect(fake.visited).toHaveLength(32);
    while (fake.ended === 0) paced.next();
    expect(fake.visited).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('visits items that were added during a round, and none that were removed', () => {
    const { fake, paced } = rounds(1_500);
    paced.next();
    for (let item = 1_000; item < 1_400; item += 1) fake.items.delete(item);
    fake.items.set(7_777, 7_777);
    paced.next();
    expect(fake.visited.slice(1_000)).toEqual([...Array.from({ length: 100 }, (_, at) => 1_400 + at), 7_777]);
  });

  it('continues after an item that throws', () => {
    const { fake, paced } = rounds(10);
    fake.failsAt = 3;
    expect(() => paced.next()).toThrow('broken');
    paced.next();
    expect(fake.visited).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
  });
});
