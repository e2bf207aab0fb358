import { Injectable, NotImplementedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { randomUUID } from 'node:crypto';
import { JwtKeys } from '../config/jwt-keys.js';
import { PlatformConfig } from '../config/platform-config.js';

/** The user that a token is issued for. */
export interface TokenHolder {
  readonly id: string;
  readonly email: string | null;
  readonly role: string;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** Signs tokens with the claims `sub`, `email`, `role`, `jti`, `iat`, `exp`, and with `iss` and `aud` if configured. */
@Injectable()
export class TokenService {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: JwtKeys,
    private readonly config: PlatformConfig,
  ) {}

  /**
   * @param lifetimeMs lifetime of the token, in milliseconds. @default JWT_EXPIRES_IN
   * @param issuedAt time at which the credentials were checked, in milliseconds since 1970. The claim `iat` keeps the
   *   milliseconds: with whole seconds, a revocation would also reject a sign-in that follows within the same second.
   *   @default now
   * @throws NotImplementedException (501) if this server only verifies tokens
   */
  issue(
    { id, email, role }: TokenHolder,
    lifetimeMs: number = this.config.jwt.lifetimeMs,
    issuedAt = Date.now(),
  ): IssuedToken {
    const { signing } = this.keys;
    if (signing === null) {
      throw new NotImplementedException(
        'This server does not issue tokens (JWT_PRIVATE_KEY_FILE is not set): get one from your issuer',
      );
    }
    const { issuer, audience } = this.config.jwt;
    const exp = Math.floor((issuedAt + lifetimeMs) / 1000);
    const claims = {
      ...{ sub: id, role, jti: randomUUID(), iat: issuedAt / 1000, exp },
      ...(email === null ? {} : { email }),
      ...(issuer === undefined ? {} : { iss: issuer }),
      ...(audience === undefined ? {} : { aud: audience }),
    };
    const key = signing.algorithm === 'HS256' ? { secret: signing.key } : { privateKey: signing.key };
    return {
      token: this.jwt.sign(claims, { algorithm: signing.algorithm, ...key }),
      expiresAt: new Date(exp * 1000),
    };
  }
}
