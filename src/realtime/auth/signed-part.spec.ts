import { randomBytes } from 'node:crypto';
import { signedPartOf } from './signed-part.js';
import { growthOf, PROPORTIONAL } from '../../../test/support/growth.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('signedPartOf', () => {
  it('returns header and payload of every token that base64url encodes canonically', () => {
    for (let length = 0; length < 300; length += 1) {
      const [header, payload, signature] = [length, length + 1, length + 2].map((bytes) =>
        randomBytes(bytes).toString('base64url'),
      );
      expect(signedPartOf(`${header}.${payload}.${signature}`)).toBe(`${header}.${payload}`);
    }
  });

  it('rejects every other spelling of the same bytes, in each of the three parts', () => {
    for (const bytes of [31, 32, 64, 65, 256]) {
      const part = randomBytes(bytes).toString('base64url');
      const decoded = Buffer.from(part, 'base64url');
      const others = ALPHABET.split('')
        .map((last) => part.slice(0, -1) + last)
        .filter((other) => other !== part && Buffer.from(other, 'base64url').equals(decoded));
      expect(others).toHaveLength(bytes % 3 === 1 ? 15 : 3);
      for (const other of others) {
        for (const token of [`${other}.AA.AA`, `AA.${other}.AA`, `AA.AA.${other}`]) {
          expect(() => signedPartOf(token)).toThrow('canonical');
        }
      }
    }
  });

  it.each(['', 'a', 'AA.AA', 'AA.AA.AA.AA', 'AA.AA.AA=', 'AA.AA.A', 'AA.AA.AA\n', ' AA.AA.AA', 'AA.A+.AA', 'AA.AÄ.AA'])(
    'rejects %j',
    (token) => expect(() => signedPartOf(token)).toThrow('canonical'),
  );

  it.each<[string, (part: string) => string]>([
    ['one part', (part) => part],
    ['a part and a dot', (part) => `${part}.`],
    ['two parts, the second of which is not base64url', (part) => `${part}.${part}!`],
  ])('takes time in proportion to the length of the token: %s', (_what, tokenOf) => {
    const growth = growthOf(100_000, (length) => {
      const token = tokenOf('A'.repeat(length));
      return () => expect(() => signedPartOf(token)).toThrow('canonical');
    });
    expect(growth).toBeLessThan(PROPORTIONAL);
  });
});
