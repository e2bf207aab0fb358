import { firstBoundary, lastBoundary } from './text-boundaries.js';

describe('the places at which a text is cut', () => {
  const text = Buffer.from('aé😀z'); // a: 0, é: 1-2, 😀: 3-6, z: 7
  const lines = Buffer.from('1\n22\n3');
  const each = (length: number, cut: (at: number) => number): number[] =>
    Array.from({ length }, (_, index) => cut(index - 1));

  it('are between characters', () => {
    expect(each(11, (at) => firstBoundary(text, at, false))).toEqual([0, 0, 1, 3, 3, 7, 7, 7, 7, 8, 8]);
    expect(each(11, (at) => lastBoundary(text, 0, at, false))).toEqual([0, 0, 1, 1, 3, 3, 3, 3, 7, 8, 8]);
  });

  it('are after line feeds if the text consists of lines', () => {
    expect(each(9, (at) => firstBoundary(lines, at, true))).toEqual([0, 0, 2, 2, 5, 5, 5, 6, 6]);
    expect(each(9, (at) => lastBoundary(lines, 0, at, true))).toEqual([0, 0, 0, 2, 2, 2, 5, 6, 6]);
  });

  it('are not before the place at which the part begins', () => {
    expect(lastBoundary(text, 3, 5, false)).toBe(3);
    expect(lastBoundary(text, 3, 2, false)).toBe(3);
    expect(lastBoundary(lines, 2, 4, true)).toBe(2);
  });

  it('are at the end of a text that has no further one', () => {
    expect(firstBoundary(Buffer.from('a😀').subarray(0, 4), 2, false)).toBe(4);
    expect(firstBoundary(lines, 6, true)).toBe(6);
  });
});
