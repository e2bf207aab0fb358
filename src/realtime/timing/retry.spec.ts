import { retry } from './retry.js';

describe('retry', () => {
  it('returns the first result, and pauses after each failure', async () => {
    const attempts: number[] = [];
    const begun = performance.now();
    const result = await retry(
      async () => {
        attempts.push(performance.now());
        if (attempts.length < 3) throw new Error('unavailable');
        return 'answer';
      },
      20,
      () => false,
    );
    expect(result).toBe('answer');
    expect(attempts).toHaveLength(3);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(38); // a timer can fire 1 ms early
  });

  it('stops once it is over', async () => {
    let attempts = 0;
    const failing = async (): Promise<never> => {
      attempts += 1;
      throw new Error('unavailable');
    };
    await expect(retry(failing, 1, () => attempts === 2)).resolves.toBeNull();
    expect(attempts).toBe(2);
  });
});
