import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';

/** Signature algorithms that can be allowed. `none` is excluded. */
export const JWT_ALGORITHMS = [
  ...['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512'],
  ...['PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
] as const;

/** Signature algorithm of a token, by its name in RFC 7518. */
export type JwtAlgorithm = `${'HS' | 'RS' | 'PS' | 'ES'}${256 | 384 | 512}`;

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

const IsTextOrTexts = (): PropertyDecorator =>
  ValidateBy({
    name: 'isTextOrTexts',
    validator: {
      validate: (value) => isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
      defaultMessage: () => 'must be a non-empty string, or a list of non-empty strings',
    },
  });

/** Names of the claims that identify a user. */
export class ClaimNames {
  /** Claims for the user id. The first one that is present is used. @default ['sub', 'userId', 'id'] */
  @IsArray()
  @ArrayNotEmpty()
  @IsString({ each: true })
  userId: string[] = ['sub', 'userId', 'id'];

  /** Claim with the e-mail address. @default 'email' */
  @IsString()
  email = 'email';

  /** Claim with the role, or a list of roles. @default 'role' */
  @IsString()
  role = 'role';

  /** Claim with the roles if `role` is missing or empty: a list, or one string. @default 'roles' */
  @IsString()
  roles = 'roles';

  /** Claim that limits a token to channels: a list of names and patterns. Without it a token has no limit. @default 'realtime_channels' */
  @IsString()
  @IsNotEmpty()
  channels = 'realtime_channels';
}

/** Maximum number of keys, because each key that does not match costs a verification for every token. */
const MAX_KEYS = 8;
const PUBLIC_KEY = /-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----/;

/** Returns one key or the keys of a rotation as a list. */
export function asList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

const isListOf = (fits: (value: unknown) => boolean) => (value: unknown) => {
  const list = asList(value);
  return list.length > 0 && list.length <= MAX_KEYS && list.every(fits);
};

const IsSecrets = (): PropertyDecorator =>
  ValidateBy({
    name: 'isSecrets',
    validator: {
      validate: isListOf(isText),
      defaultMessage: () => `must be a non-empty string, or a list of at most ${MAX_KEYS}`,
    },
  });

const IsPublicKeys = (): PropertyDecorator =>
  ValidateBy({
    name: 'isPublicKeys',
    validator: {
      validate: isListOf((value) => typeof value === 'string' && PUBLIC_KEY.test(value)),
      defaultMessage: () => `must be a public key as PEM, or a list of at most ${MAX_KEYS}`,
    },
  });

/** Options for verifying tokens. Exactly one of `secret`, `publicKey` and `jwksUrl` is given. */
export class JwtOptions {
  /** Shared secret of HS256, HS384 or HS512, 32 bytes or more. A list while keys rotate: the first one signs, all verify. */
  @IsOptional()
  @IsSecrets()
  secret?: string | string[];

  /** Public key of the issuer as PEM, for RS…, PS… and ES…. A list while keys rotate. */
  @IsOptional()
  @IsPublicKeys()
  publicKey?: string | string[];

  /**
   * URL of the issuer's public keys (JWKS): `https:`, or `http:` on this machine. The issuer can add and remove keys
   * there.
   */
  @IsOptional()
  @IsString()
  @Matches(/^https?:\/\/./, { message: 'must be a URL such as https://issuer.example/.well-known/jwks.json' })
  jwksUrl?: string;

  /** Minimum time between two fetches of `jwksUrl`, independent of the tokens that arrive, in milliseconds. @default 5000 */
  @IsInt()
  @Min(100)
  @Max(300_000)
  jwksCooldownMs = 5_000;

  /**
   * Interval in which `jwksUrl` is fetched in any case, so that withdrawn keys become invalid, in milliseconds.
   * @default 600000 (10 minutes)
   */
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  jwksMaxAgeMs = 600_000;

  /**
   * Accepted algorithms. The algorithm named in a token is used only if it is in this list.
   * @default HS256 for a secret; RS256 or ES256/384/512 by the kind of public key; RS256 and ES256 for `jwksUrl`
   */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @IsIn(JWT_ALGORITHMS, { each: true })
  algorithms?: JwtAlgorithm[];

  /** Required `iss` of a token. @default any */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  issuer?: string;

  /** Required `aud` of a token, or a list of which one must match. @default any */
  @IsOptional()
  @IsTextOrTexts()
  audience?: string | string[];

  /**
   * Clock difference up to which an `nbf` in the future is accepted, in seconds. `exp` has no tolerance, neither for a
   * new token nor for an open connection.
   * @default 5
   */
  @IsInt()
  @Min(0)
  @Max(300)
  clockToleranceSeconds = 5;

  /** Accepts tokens without `exp`. @default false */
  @IsBoolean()
  allowWithoutExpiry = false;

  /**
   * Names of the claims that identify a user.
   * @default { userId: ['sub', 'userId', 'id'], email: 'email', role: 'role', roles: 'roles', channels: 'realtime_channels' }
   */
  @ValidateNested({ message: 'must be an object such as { userId: "sub", role: "role" }' })
  @Type(() => ClaimNames)
  claims = new ClaimNames();
}
