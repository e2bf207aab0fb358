import { hashPassword, verifyPassword } from './passwords.js';

describe('passwords', () => {
  it('are known by their hash, which has a salt of its own and says nothing of them', async () => {
    const [one, other] = await Promise.all([hashPassword('open sesame'), hashPassword('open sesame')]);
    expect(one).toMatch(/^scrypt\$16384\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(other);
    await expect(verifyPassword('open sesame', one)).resolves.toBe(true);
    await expect(verifyPassword('open sesame', other)).resolves.toBe(true);
    await expect(verifyPassword('open sesam', one)).resolves.toBe(false);
    await expect(verifyPassword('', one)).resolves.toBe(false);
  });

  it('are the same however their letters were typed', async () => {
    await expect(verifyPassword('gru\u0308n', await hashPassword('gr\u00fcn'))).resolves.toBe(true);
  });

  it('of nobody are wrong, whatever is tried', async () => {
    await expect(verifyPassword('', null)).resolves.toBe(false);
    await expect(verifyPassword('\0'.repeat(32), null)).resolves.toBe(false);
  });

  it('of nobody take as long to check as those of somebody', async () => {
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
    const [nobody, somebody] = [await shortest(null), await shortest(hash)];
    // Without the same work for nobody it would be some thousand times quicker.
    expect(nobody / somebody).toBeGreaterThan(0.4);
  });
});
