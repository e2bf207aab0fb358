import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { HashingQueue } from './hashing-queue.js';

/** Parameters of scrypt: 16 MiB and some tens of milliseconds per password. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/**
 * Uses two of Node's four pool threads, which also serve files and DNS lookups. 32 queued jobs take about a second at
 * most.
 */
const queue = new HashingQueue(2, 32);

/** Hashes a password with a random salt: `scrypt$N$r$p$salt$key`, salt and key as base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Matches no password, and takes as long to check as a real hash. */
const DUMMY_HASH = `scrypt$${COST.N}$${COST.r}$${COST.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * Returns true if the password matches the hash.
 * @param hash `null` for an unknown user: returns false, after the same time as for an existing user
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
      // Unicode can encode the same characters in several ways.
      scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) =>
        error ? reject(error) : resolve(key),
      );
    });
  return queue.run(hash);
}
