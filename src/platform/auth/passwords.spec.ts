import { hashPassword, verifyPassword } from './passwords.js';

describe('passwords', () => {
  it('are stored as a hash with a random salt that does not reveal them', async () => {
    const [one, other] = await Promise.all([hashPassword('open sesame'), hashPassword('open sesame')]);
    expect(one).toMatch(/^scrypt\$16384\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(other);
    await expect(verifyPassword('open sesame', one)).resolves.toBe(true);
    await expect(verifyPassword('open sesame', other)).resolves.toBe(true);
    await expect(verifyPassword('open sesam', one)).resolves.toBe(false);
    await expect(verifyPassword('', one)).resolves.toBe(false);
  });

  it('are equal in every Unicode normalization form', async () => {
    await expect(verifyPassword('gru\u0308n', await hashPassword('gr\u00fcn'))).resolves.toBe(true);
  });

  it('are always wrong for an unknown user', async () => {
    await expect(verifyPassword('', null)).resolves.toBe(false);
    await expect(verifyPassword('\0'.repeat(32), null)).resolves.toBe(false);
  });

  it('take as long to check for an unknown user as for an existing one', async () => {
    const hash = await hashPassword('open sesame');
    const shortest = async (of: string | null): Promise<number> => {
      const times: number[] = [];
      for (let round = 0; round < 7; round += 1) {
        const start = performance.now();
        await verifyPassword('wrong', of);
        times.push(performance.now() - start);
      }
      return Math.min(...times);
    };
    const [unknown, existing] = [await shortest(null), await shortest(hash)];
    // Without the dummy hash the check would be about a thousand times faster.
    expect(unknown / existing).toBeGreaterThan(0.4);
  });
});
