import { SlidingWindowLimit } from './sliding-window-limit.js';

describe('SlidingWindowLimit', () => {
  it('is exceeded by one more than allowed', () => {
    const limit = new SlidingWindowLimit(3, 1_000);
    expect([0, 1, 2, 3].map((now) => limit.isExceeded(now))).toEqual([false, false, false, true]);
  });

  it('allows more after the window has passed', () => {
    const limit = new SlidingWindowLimit(1, 1_000);
    expect([0, 1_000, 1_999, 2_999].map((now) => limit.isExceeded(now))).toEqual([false, false, true, false]);
  });

  it('counts in any window, wherever it starts', () => {
    const limit = new SlidingWindowLimit(2, 1_000);
    expect([0, 900, 1_001, 1_002, 2_500].map((now) => limit.isExceeded(now))).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
  });

  it('allows nothing if the maximum is 0', () => {
    expect(new SlidingWindowLimit(0, 1_000).isExceeded(0)).toBe(true);
  });
});
