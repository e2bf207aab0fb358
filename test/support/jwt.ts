import { JwtService } from '@nestjs/jwt';

/** Long enough for production. */
export const TEST_SECRET = 'the secret that signs the tokens of the tests';

/** Claims of a token; `undefined` takes away one that it would have had. */
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
  /** HS256 by default. */
  readonly alg?: 'HS256' | 'HS384' | 'HS512' | 'RS256' | 'ES256';
  /** The secret, or the private key as PEM. */
  readonly key?: string;
}

/** Signs a token of the plain user `u1`, good for an hour, unless the claims say otherwise. */
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

/** A token that anybody can make: it says `alg: none`, and has no signature. */
export function unsignedToken(claims: TestClaims = {}): string {
  const [, payload] = signToken(claims).split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  return `${header}.${payload}.`;
}

/** Now, and so many seconds later or (negative) earlier, as a claim wants it. */
export function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}
