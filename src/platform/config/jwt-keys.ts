import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { persist, readPersisted, readNamedFile } from './persisted-file.js';
import type { PlatformConfig } from './platform-config.js';
import { StartError } from './start-error.js';

/** What signs a token; `key` is a secret, or a private key as PEM. */
export interface SigningKey {
  readonly key: string;
  readonly algorithm: 'HS256' | 'RS256' | 'ES256';
}

/** The keys of the tokens, read from where the configuration says, or made and kept in development. */
export class JwtKeys {
  private constructor(
    /** What the realtime module and the API verify tokens with. */
    readonly verification:
      { readonly secret: string[] } | { readonly publicKey: string } | { readonly jwksUrl: string },
    /** `null` where somebody else signs: then there is no sign-in here. */
    readonly signing: SigningKey | null,
    /** Whether the secret was made here, which happens in development only. */
    readonly selfMade: boolean,
  ) {}

  /** @throws StartError when a key cannot be read or used, or the two do not belong together */
  static load({ jwt, dataDir }: Pick<PlatformConfig, 'jwt' | 'dataDir'>): JwtKeys {
    if (jwt.jwksUrl !== undefined) return new JwtKeys({ jwksUrl: jwt.jwksUrl }, null, false);
    if (jwt.publicKeyFile === undefined) {
      const secret = jwt.secret ?? persistedSecret(dataDir);
      return new JwtKeys(
        { secret: [secret, ...jwt.extraSecrets] },
        { key: secret, algorithm: 'HS256' },
        jwt.secret === undefined,
      );
    }
    const publicKey = readNamedFile('JWT_PUBLIC_KEY_FILE', jwt.publicKeyFile);
    const algorithm = algorithmOf(publicKey);
    const signing =
      jwt.privateKeyFile === undefined ? null : { key: readPrivateKey(jwt.privateKeyFile, publicKey), algorithm };
    return new JwtKeys({ publicKey }, signing, false);
  }
}

/** The secret of this data directory; the first who asks makes it. */
function persistedSecret(dataDir: string): string {
  const path = join(dataDir, 'jwt-secret');
  const kept = readPersisted(path);
  if (kept !== null && kept !== '') return kept;
  const secret = randomBytes(48).toString('base64url');
  // Two that start at the same moment agree on the one that was first.
  return persist(path, secret, { replace: kept === '' }) ? secret : readPersisted(path)!;
}

function algorithmOf(publicKey: string): 'RS256' | 'ES256' {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(publicKey);
    if (asymmetricKeyType === 'rsa') return 'RS256';
    if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  } catch {
    // It is no key at all.
  }
  throw new StartError('JWT_PUBLIC_KEY_FILE must hold a public key as PEM: RSA (RS256), or EC on P-256 (ES256).');
}

function readPrivateKey(path: string, publicKey: string): string {
  const text = readNamedFile('JWT_PRIVATE_KEY_FILE', path);
  let belongs: boolean;
  try {
    belongs = createPublicKey(createPrivateKey(text)).equals(createPublicKey(publicKey));
  } catch {
    throw new StartError('JWT_PRIVATE_KEY_FILE must hold a private key as PEM, without a passphrase.');
  }
  if (!belongs) throw new StartError('JWT_PRIVATE_KEY_FILE does not belong to the key of JWT_PUBLIC_KEY_FILE.');
  return text;
}
