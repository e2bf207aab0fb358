import { SlidingWindowLimit } from './sliding-window-limit.js';

describe('Strikes', () => {
  it('is one too many beyond what is allowed', () => {
    const limit = new SlidingWindowLimit(3, 1_000);
    expect([0, 1, 2, 3].map((now) => limit.isExceeded(now))).toEqual([false, false, false, true]);
  });

  it('begins anew when the window is over', () => {
    const limit = new SlidingWindowLimit(1, 1_000);
    expect([0, 1_000, 1_999, 2_999].map((now) => limit.isExceeded(now))).toEqual([false, false, true, false]);
  });

  it('looks at any span, wherever it begins', () => {
    const limit = new SlidingWindowLimit(2, 1_000);
    expect([0, 900, 1_001, 1_002, 2_500].map((now) => limit.isExceeded(now))).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
  });

  it('allows nothing when told so', () => {
    expect(new SlidingWindowLimit(0, 1_000).isExceeded(0)).toBe(true);
  });
});
