import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { HashingQueue } from './hashing-queue.js';

/** What scrypt costs: 16 MiB and some tens of milliseconds for each password. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** Two of the four threads that Node has for files and name lookups; 32 more wait for about a second at most. */
const queue = new HashingQueue(2, 32);

/** Hashes a password with a salt of its own: `scrypt$N$r$p$salt$key`, salt and key as base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** No password's hash: it takes as long to check as any other. */
const DUMMY_HASH = `scrypt$${COST.N}$${COST.r}$${COST.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * Whether this is the password of the hash.
 * @param hash `null` for a user who does not exist: the answer is no, and takes as long as for one who does
 */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = (hash ?? DUMMY_HASH).split('$');
  const expected = Buffer.from(key, 'base64url');
  const options = { N: Number(N), r: Number(r), p: Number(p) };
  const given = await derive(password, Buffer.from(salt, 'base64url'), options);
  return timingSafeEqual(given, expected) && hash !== null;
}

/** @throws BusyError (503) if too many passwords are being hashed */
function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  const hash = (): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      // The same characters may be typed in several ways of Unicode.
      scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) =>
        error ? reject(error) : resolve(key),
      );
    });
  return queue.run(hash);
}
