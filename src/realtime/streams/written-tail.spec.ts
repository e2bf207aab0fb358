import { WrittenTail } from './written-tail.js';

describe('the last text of a writer', () => {
  const places = (tail: WrittenTail, at: number) => tail.from(at)?.map((part) => part.at) ?? null;

  it('is returned from any place at which a write began', () => {
    const tail = new WrittenTail();
    tail.add(0, 'one', 3, 0);
    tail.add(3, 'two', 3, 0);
    tail.add(6, 'ü', 2, 0);
    expect([places(tail, 0), places(tail, 3), places(tail, 6)]).toEqual([[0, 3, 6], [3, 6], [6]]);
    expect([places(tail, 1), places(tail, 8)]).toEqual([null, null]);
    expect(tail.from(6)).toMatchObject([{ text: 'ü', bytes: 2 }]);
  });

  it('has at most 64 KB', () => {
    const tail = new WrittenTail();
    for (let at = 0; at < 10; at += 1) tail.add(at * 10_000, 'x'.repeat(10_000), 10_000, 0);
    expect([places(tail, 30_000), places(tail, 40_000)]).toEqual([
      null,
      [40_000, 50_000, 60_000, 70_000, 80_000, 90_000],
    ]);
    const full = new WrittenTail();
    full.add(0, 'x', 65_536, 0);
    expect(places(full, 0)).toEqual([0]);
    full.add(65_536, 'y', 1, 0);
    expect([places(full, 0), places(full, 65_536)]).toEqual([null, [65_536]]);
  });

  it('is at most 30 s old', () => {
    const tail = new WrittenTail();
    tail.add(0, 'a', 1, 1_000);
    tail.add(1, 'b', 1, 2_000);
    tail.forgetOld(31_000);
    expect(places(tail, 0)).toEqual([0, 1]);
    tail.forgetOld(31_001);
    expect([places(tail, 0), places(tail, 1)]).toEqual([null, [1]]);
    tail.forgetOld(99_000);
    expect(places(tail, 1)).toBeNull();
    tail.add(2, 'c', 1, 99_000);
    expect(places(tail, 2)).toEqual([2]);
  });
});
