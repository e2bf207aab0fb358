import { Injectable, Logger } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../../protocol/index.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { jwtKey, type JwtKey } from './jwt-key.js';
import { principalFromClaims, type Principal } from './principal.js';
import { findToken } from './token-source.js';

/** The longest token that is looked at, in characters. */
const MAX_TOKEN_LENGTH = 8_192;

/** Who somebody is: takes a token from where it travels, and turns it into a principal. */
@Injectable()
export class AuthService {
  private readonly logger = new Logger('Realtime');
  private readonly key: JwtKey;

  constructor(
    private readonly jwt: JwtService,
    private readonly options: ResolvedRealtimeOptions,
  ) {
    this.key = jwtKey(options.jwt);
  }

  /**
   * The identity that an upgrade request brings: header before subprotocol before query.
   * @returns `null` for a request without any token
   * @throws ProtocolError `token_invalid` or `token_expired`
   */
  async identify(request: Pick<IncomingMessage, 'headers' | 'url'>): Promise<Principal | null> {
    const brought = findToken(request);
    if (brought.kind === 'none') return null;
    if (brought.kind === 'bad') throw new ProtocolError('token_invalid');
    return this.verify(brought.token);
  }

  /**
   * Verifies one token.
   * @throws ProtocolError `token_invalid` or `token_expired`; why exactly is only logged (at debug, and never the token)
   */
  async verify(token: string): Promise<Principal> {
    const principal = this.read(token);
    // `exp` counts to the millisecond, without the tolerance: a living connection ends at that moment too.
    if (principal.expiresAt <= Date.now()) throw new ProtocolError('token_expired');
    return principal;
  }

  private read(token: string): Principal {
    const { issuer, audience, clockToleranceSeconds, claims: names, allowWithoutExpiry } = this.options.jwt;
    try {
      if (token.length > MAX_TOKEN_LENGTH) throw new Error(`it is longer than ${MAX_TOKEN_LENGTH} characters`);
      const claims: unknown = this.jwt.verify(token, {
        algorithms: this.key.algorithms,
        clockTolerance: clockToleranceSeconds,
        ignoreExpiration: true,
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience === undefined ? {} : { audience }),
      });
      if (typeof claims !== 'object' || claims === null) throw new Error('its payload is no object');
      const principal = principalFromClaims(claims as Record<string, unknown>, names, this.options.adminRole);
      if (principal.expiresAt === Infinity && !allowWithoutExpiry) throw new Error('it has no exp');
      return principal;
    } catch (error) {
      this.logger.debug(`A token was refused: ${(error as Error).message}`);
      throw new ProtocolError('token_invalid');
    }
  }
}
