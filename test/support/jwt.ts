import { JwtService } from '@nestjs/jwt';

/** A secret that is long enough for production. */
export const TEST_SECRET = 'the secret that signs the tokens of the tests';

/** Claims of a token; `undefined` removes a default claim. */
export interface TestClaims {
  readonly sub?: unknown;
  readonly email?: unknown;
  readonly role?: unknown;
  /** Seconds since 1970. */
  readonly exp?: number;
  /** Seconds since 1970. */
  readonly nbf?: number;
  readonly iss?: string;
  readonly aud?: string | readonly string[];
  readonly jti?: string;
  readonly [claim: string]: unknown;
}

export interface SigningOptions {
  /** @default HS256 */
  readonly alg?: 'HS256' | 'HS384' | 'HS512' | 'RS256' | 'ES256';
  /** The secret, or the private key as PEM. */
  readonly key?: string;
}

/** Signs a token of the user `u1` with the role `user`, valid for an hour. `claims` override these defaults. */
export function signToken(claims: TestClaims = {}, options: SigningOptions = {}): string {
  const { alg = 'HS256', key = TEST_SECRET } = options;
  const payload = Object.fromEntries(
    Object.entries({ sub: 'u1', email: 'u1@example.com', role: 'user', exp: secondsFromNow(3600), ...claims }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const signing = alg.startsWith('HS') ? { secret: key } : { privateKey: key };
  return new JwtService().sign(payload, { algorithm: alg, ...signing });
}

/** Creates a forged token with `alg: none` and without a signature. */
export function unsignedToken(claims: TestClaims = {}): string {
  const [, payload] = signToken(claims).split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  return `${header}.${payload}.`;
}

/** Returns the time in `seconds` from now (or ago, if negative), in seconds since 1970. */
export function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}
