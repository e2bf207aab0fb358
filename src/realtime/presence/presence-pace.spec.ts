import { PresencePace } from './presence-pace.js';

describe('the pace of presence', () => {
  it.each([
    [0, 5_000],
    [5_000, 5_000],
    [20_000, 20_000],
    [1_000_000, 150_000],
  ])('renews each of %i channels within %i ms', (size, renewMs) => {
    expect(new PresencePace({ renewMs: 5_000 }, { size }).renewMs).toBe(renewMs);
  });
});
