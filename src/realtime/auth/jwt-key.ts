import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { RealtimeOptionsError } from '../options/resolve-options.js';
import { asList, type JwtAlgorithm, type JwtOptions } from '../options/jwt-options.js';

export interface JwtKey {
  /** Parsed once: passing the secret as a string costs 50 times as much per token. */
  readonly key: KeyObject;
  readonly algorithms: JwtAlgorithm[];
}

const BY_CURVE: Readonly<Record<string, JwtAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/**
 * Parses the keys of the options and keeps their order.
 * @throws RealtimeOptionsError if a key cannot be read, or if no allowed algorithm can use it
 */
export function jwtKeys({ secret, publicKey, algorithms }: JwtOptions): readonly JwtKey[] {
  if (secret !== undefined) {
    return asList(secret).map((text) => ({
      key: createSecretKey(text, 'utf8'),
      algorithms: algorithms ?? ['HS256'],
    }));
  }
  const keys = asList(publicKey!).map(readPublicKey);
  const unusable = (algorithms ?? []).filter((name) => !keys.some(({ usual }) => fits(name, usual)));
  if (unusable.length > 0) {
    throw new RealtimeOptionsError([
      `\`jwt.algorithms\` ${unusable.join(', ')} cannot be verified with this public key`,
    ]);
  }
  return keys.map(({ key, usual }) => ({
    key,
    algorithms: algorithms?.filter((name) => fits(name, usual)) ?? [usual],
  }));
}

function readPublicKey(pem: string): { readonly key: KeyObject; readonly usual: JwtAlgorithm } {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new RealtimeOptionsError(['`jwt.publicKey` cannot be read: give the public key as PEM']);
  }
  const usual = key.asymmetricKeyType === 'rsa' ? 'RS256' : BY_CURVE[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (usual !== undefined) return { key, usual };
  throw new RealtimeOptionsError([
    '`jwt.publicKey` must be an RSA key, or an EC key of the curve P-256, P-384 or P-521',
  ]);
}

function fits(algorithm: JwtAlgorithm, usual: JwtAlgorithm): boolean {
  return usual === 'RS256' ? /^[RP]S/.test(algorithm) : algorithm === usual;
}
