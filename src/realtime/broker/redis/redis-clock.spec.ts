import { offsetOf } from './redis-clock.js';

describe('the offset of Redis’s clock', () => {
  it('is measured as if Redis had answered when the answer arrived', () => {
    expect(offsetOf(['100', '250999'], 99_000, 99_200, null)).toBe(1_050);
    expect(offsetOf(['98', '0'], 99_000, 99_200, null)).toBe(-1_200);
  });

  it('is never higher than it is, also if the answer was slow', () => {
    expect(offsetOf(['100', '0'], 95_000, 99_000, null)).toBe(1_000);
  });

  it('stays the same after a slow answer that does not contradict it', () => {
    expect(offsetOf(['100', '0'], 95_000, 99_000, 4_990)).toBe(4_990);
    expect(offsetOf(['100', '0'], 95_000, 99_000, 1_000)).toBe(1_000);
  });

  it('is measured again if Redis’s clock was set', () => {
    expect(offsetOf(['100', '0'], 95_000, 99_000, 5_001)).toBe(1_000);
    expect(offsetOf(['100', '0'], 95_000, 99_000, 999)).toBe(1_000);
  });
});
