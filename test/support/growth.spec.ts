import { growthOf, PROPORTIONAL } from './growth.js';

/** A loop that the compiler cannot optimize away. */
function spin(turns: number): number {
  let sum = 0;
  for (let turn = 0; turn < turns; turn += 1) sum = (sum + turn * turn) % 1_000_003;
  return sum;
}

describe('growthOf', () => {
  it('distinguishes proportional from quadratic time', () => {
    expect(growthOf(1_000_000, (size) => () => spin(size))).toBeLessThan(PROPORTIONAL);
    expect(growthOf(700, (size) => () => spin(size * size))).toBeGreaterThan(PROPORTIONAL);
  });

  it('treats work that is too short to measure as proportional', () => {
    expect(growthOf(10, (size) => () => spin(size * size))).toBe(1);
  });
});
