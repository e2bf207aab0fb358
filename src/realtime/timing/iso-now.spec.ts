import { isoNow } from './iso-now.js';

describe('isoNow', () => {
  it('formats each time that the clock shows, also if the clock goes back', () => {
    const times = [1_000, 1_000, 1_001, 999, 86_400_000];
    expect(times.map((time) => isoNow(time))).toEqual(times.map((time) => new Date(time).toISOString()));
  });

  it('formats the current time', () => {
    const before = Date.now();
    const shown = Date.parse(isoNow());
    expect(shown).toBeGreaterThanOrEqual(before);
    expect(shown).toBeLessThanOrEqual(Date.now());
  });
});
