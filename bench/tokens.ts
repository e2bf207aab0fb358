import { createHmac, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** Key of a service that publishes over HTTP. */
export const PUBLISH_KEY = 'a key of the benchmark, long enough';

export const SECRET = 'the secret of the benchmark, 32 bytes or more';

export type Algorithm = 'HS256' | 'RS256' | 'ES256';

/** Keys of the service that signs the tokens: a secret twice, or a private and a public key as PEM. */
export interface Issuer {
  readonly algorithm: Algorithm;
  readonly signingKey: string;
  readonly verifyingKey: string;
}

export const HS256: Issuer = { algorithm: 'HS256', signingKey: SECRET, verifyingKey: SECRET };

/** Creates an issuer with new keys, unless the algorithm uses the secret. */
export function createIssuer(algorithm: Algorithm): Issuer {
  if (algorithm === 'HS256') return HS256;
  const { privateKey, publicKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    algorithm,
    signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    verifyingKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const privateKeys = new Map<string, KeyObject>();

/** Returns the token of the user with this number, valid for an hour. @param claims further claims */
export function tokenOf(user: number, issuer = HS256, claims: object = {}): string {
  const now = Math.floor(Date.now() / 1_000);
  const of = { sub: `user-${user}`, email: `user-${user}@example.com`, role: 'admin', iat: now, exp: now + 3_600 };
  const signed = `${encode({ alg: issuer.algorithm, typ: 'JWT' })}.${encode({ ...of, ...claims })}`;
  return `${signed}.${signatureOf(signed, issuer).toString('base64url')}`;
}

function signatureOf(signed: string, { algorithm, signingKey }: Issuer): Buffer {
  if (algorithm === 'HS256') return createHmac('sha256', signingKey).update(signed).digest();
  const key = privateKeys.get(signingKey) ?? createPrivateKey(signingKey);
  privateKeys.set(signingKey, key);
  return sign('sha256', Buffer.from(signed), algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key);
}
