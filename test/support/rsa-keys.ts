import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';

const PAIRS = new Map<string, KeyPairKeyObjectResult>();

/** Returns the RSA key of this name. Each is generated once per process, because that takes up to half a second of CPU. */
export function rsaKeyPair(name: string): KeyPairKeyObjectResult {
  const pair = PAIRS.get(name) ?? generateKeyPairSync('rsa', { modulusLength: 2_048 });
  PAIRS.set(name, pair);
  return pair;
}
