import { offsetOf } from './redis-clock.js';

describe('the clock offset of Redis', () => {
  it('is computed as if Redis had replied at the moment the reply arrived', () => {
    expect(offsetOf(['100', '250999'], 99_000, 99_200, null)).toBe(1_050);
    expect(offsetOf(['98', '0'], 99_000, 99_200, null)).toBe(-1_200);
  });

  it('is never too high, even if the reply was slow', () => {
    expect(offsetOf(['100', '0'], 95_000, 99_000, null)).toBe(1_000);
  });

  it('is kept if a slow reply does not contradict it', () => {
    expect(offsetOf(['100', '0'], 95_000, 99_000, 4_990)).toBe(4_990);
    expect(offsetOf(['100', '0'], 95_000, 99_000, 1_000)).toBe(1_000);
  });

  it('is replaced if the clock of Redis was set', () => {
    expect(offsetOf(['100', '0'], 95_000, 99_000, 5_001)).toBe(1_000);
    expect(offsetOf(['100', '0'], 95_000, 99_000, 999)).toBe(1_000);
  });
});
