import { Injectable, NotImplementedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { randomUUID } from 'node:crypto';
import { JwtKeys } from '../config/jwt-keys.js';
import { PlatformConfig } from '../config/platform-config.js';

/** Whom a token is for. */
export interface TokenHolder {
  readonly id: string;
  readonly email: string | null;
  readonly role: string;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** Signs tokens: claims `sub`, `email`, `role`, `jti`, `iat`, `exp`, and `iss` and `aud` where they are configured. */
@Injectable()
export class TokenService {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: JwtKeys,
    private readonly config: PlatformConfig,
  ) {}

  /**
   * @param lifetimeMs how long the token lives, in milliseconds. @default JWT_EXPIRES_IN
   * @param issuedAt when the identity was checked, in milliseconds since 1970. A revocation compares it, so the claim `iat`
   *   holds milliseconds too: whole seconds would end a sign-in that follows within a second. @default now
   * @throws NotImplementedException (501) where this server only verifies tokens
   */
  issue(
    { id, email, role }: TokenHolder,
    lifetimeMs: number = this.config.jwt.lifetimeMs,
    issuedAt = Date.now(),
  ): IssuedToken {
    const { signing } = this.keys;
    if (signing === null) {
      throw new NotImplementedException(
        'This server verifies tokens but signs none (JWT_PRIVATE_KEY_FILE is not given): get one from your issuer',
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
