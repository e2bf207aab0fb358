import { growthOf, PROPORTIONAL } from './growth.js';

/** Counts up in a loop that the compiler cannot leave out. */
function spin(turns: number): number {
  let sum = 0;
  for (let turn = 0; turn < turns; turn += 1) sum = (sum + turn * turn) % 1_000_003;
  return sum;
}

describe('growthOf', () => {
  it('tells time in proportion to the size from quadratic time', () => {
    expect(growthOf(1_000_000, (size) => () => spin(size))).toBeLessThan(PROPORTIONAL);
    expect(growthOf(700, (size) => () => spin(size * size))).toBeGreaterThan(PROPORTIONAL);
  });

  it('takes work that is too short to be measured for proportional', () => {
    expect(growthOf(10, (size) => () => spin(size * size))).toBe(1);
  });
});
