import { offsetOf } from './redis-clock.js';

describe('the clock of Redis', () => {
  it('is taken as if its answer had been made when it came', () => {
    expect(offsetOf(['100', '250999'], 99_000, 99_200)).toBe(1_050);
    expect(offsetOf(['98', '0'], 99_000, 99_200)).toBe(-1_200);
  });

  it('is never thought to be later than it is when the answer was slow', () => {
    expect(offsetOf(['100', '0'], 97_000, 99_000)).toBe(-1_000);
  });
});
