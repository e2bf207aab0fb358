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
  ValidateNested,
} from 'class-validator';

/** The signature algorithms that can be allowed. `none` is not among them. */
export const JWT_ALGORITHMS = [
  ...['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512'],
  ...['PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
] as const;

export type JwtAlgorithm = `${'HS' | 'RS' | 'PS' | 'ES'}${256 | 384 | 512}`;

/** Which claims of a token say who somebody is. */
export class ClaimNames {
  /** Claims that may hold the user id, the first that is present counts. @default ['sub', 'userId', 'id'] */
  @IsArray()
  @ArrayNotEmpty()
  @IsString({ each: true })
  userId: string[] = ['sub', 'userId', 'id'];

  /** @default 'email' */
  @IsString()
  email = 'email';

  /** @default 'role' */
  @IsString()
  role = 'role';

  /** A list of roles, of which the first counts where `role` is absent. @default 'roles' */
  @IsString()
  roles = 'roles';
}

/** How tokens are verified. Exactly one of `secret` and `publicKey` is given. */
export class JwtOptions {
  /** The shared secret of HS256, HS384 or HS512: 32 bytes or more. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  secret?: string;

  /** The issuer's public key as PEM, for RS…, PS… and ES…. */
  @IsOptional()
  @IsString()
  @Matches(/-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----/, { message: 'must be a public key as PEM' })
  publicKey?: string;

  /** The only algorithms that are accepted. @default HS256 for a secret; RS256 or ES256/384/512 by the kind of public key */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @IsIn(JWT_ALGORITHMS, { each: true })
  algorithms?: JwtAlgorithm[];

  /** The `iss` that a token must carry. @default any */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  issuer?: string;

  /** The `aud` that a token must carry. @default any */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  audience?: string;

  /** How far `nbf` may lie in the future, in seconds, for clocks that differ. @default 5 */
  @IsInt()
  @Min(0)
  @Max(300)
  clockToleranceSeconds = 5;

  /** Whether a token without `exp` is accepted. @default false */
  @IsBoolean()
  allowWithoutExpiry = false;

  /** @default { userId: ['sub', 'userId', 'id'], email: 'email', role: 'role', roles: 'roles' } */
  @ValidateNested()
  @Type(() => ClaimNames)
  claims = new ClaimNames();
}
