import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../../protocol/index.js';
import { RealtimeClock } from '../clock/realtime-clock.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { ClaimsError } from './claims.js';
import { withTenant, principalFromClaims, TenantMissingError, type Principal } from './principal.js';
import { Revocations } from './revocations.js';
import { signedPartOf } from './signed-part.js';
import { Tickets } from './tickets.js';
import { TokenHeaders } from './token-headers.js';
import { KeysUnavailableError, TokenKeys } from './token-keys.js';
import { findTenant, findToken } from './token-source.js';

/** Said of an `iat` that cannot be true. */
const IAT_AHEAD =
  'The iat of a token is further in the future than jwt.clockToleranceSeconds allows, so every revocation of its user covers it. Check the clock of the issuer';

/** The error message of `jsonwebtoken` if another key signed the token. */
const WRONG_KEY = 'invalid signature';

/** The longest token that is parsed, in characters. */
const MAX_TOKEN_LENGTH = 8_192;

/**
 * Authenticates clients: finds the token of a request, verifies it and returns the principal.
 * @hideconstructor
 */
@Injectable()
export class AuthService {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  private readonly headers = new TokenHeaders();

  constructor(
    private readonly jwt: JwtService,
    private readonly keys: TokenKeys,
    private readonly revocations: Revocations,
    private readonly tickets: Tickets,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
  ) {}

  /** Reports whether tokens can be verified, and if not, why: for readiness. */
  get status(): TokenKeys['status'] {
    return this.keys.status;
  }

  /**
   * Authenticates an upgrade request. The header takes precedence over the subprotocol, and that over the query.
   * @returns `null` for a request without any token
   * @throws ProtocolError `token_invalid`, `token_expired`, `forbidden` if the tenant in the query is not allowed, or
   * `unavailable` if the token cannot be verified now
   */
  async identify(request: Pick<IncomingMessage, 'headers' | 'url'>): Promise<Principal | null> {
    const tenant = this.tenantNamedBy(request);
    const brought = findToken(request);
    if (brought.kind === 'none') return null;
    if (brought.kind === 'bad') throw new ProtocolError('token_invalid');
    if (brought.kind === 'token') return this.verify(brought.token, tenant);
    return inTenant(await this.redeem(brought.ticket), tenant);
  }

  /**
   * The tenant that the query of an upgrade request names; `null` for none, and without the option `tenants`.
   * @throws ProtocolError `forbidden` for one that cannot be
   */
  tenantNamedBy(request: Pick<IncomingMessage, 'url'>): string | null {
    if (this.options.tenants.claim === undefined) return null;
    const tenant = findTenant(request);
    if (tenant !== undefined) return tenant;
    throw new ProtocolError('forbidden', { message: 'Invalid tenant parameter: give it once, as A-Z a-z 0-9 _ . -' });
  }

  /**
   * Verifies one token.
   * @param tenant the tenant that its bearer wants to act for: its own, or as an administrator of the platform any
   * @throws ProtocolError `token_invalid`, `token_expired`, `forbidden` for the tenant, or `unavailable` while the keys of the
   *   issuer cannot be fetched; why exactly is only logged (at debug, and never the token)
   */
  async verify(token: string, tenant: string | null = null): Promise<Principal> {
    const principal = await this.read(token);
    return inTenant(this.assertActive(principal), tenant);
  }

  /**
   * Redeems a one-time ticket for the token with which it was requested, if that token is still valid.
   * @throws ProtocolError as {@link verify} does
   */
  private async redeem(ticket: string): Promise<Principal> {
    let principal: Principal | null;
    try {
      principal = await this.tickets.redeem(ticket);
    } catch (error) {
      this.log.debug('ticket unavailable', `A ticket could not be verified: ${(error as Error).message}`);
      throw new ProtocolError('unavailable');
    }
    if (principal === null) {
      this.log.debug('ticket', 'A ticket was refused: it is used, expired or unknown');
      throw new ProtocolError('token_invalid');
    }
    return this.assertActive(principal);
  }

  /**
   * Call it again before a principal is put to use, in the same turn: a revocation that arrives after the token was verified
   * finds no connection to close.
   * @throws ProtocolError `token_expired` or `token_invalid`
   * @internal
   */
  assertActive(principal: Principal): Principal {
    // `exp` counts to the millisecond, without the tolerance: a living connection ends at that moment too.
    if (principal.expiresAt <= this.clock.wall()) throw new ProtocolError('token_expired');
    if (this.revocations.revokes(principal)) {
      this.log.debug('revoked', 'A token was refused: it was revoked');
      throw new ProtocolError('token_invalid');
    }
    return principal;
  }

  private async read(token: string): Promise<Principal> {
    try {
      if (token.length > MAX_TOKEN_LENGTH) throw new Error(`it is longer than ${MAX_TOKEN_LENGTH} characters`);
      const signedPart = signedPartOf(token);
      const claims = await this.claimsOf(token);
      if (typeof claims !== 'object' || claims === null) throw new Error('its payload is not an object');
      const principal = principalFromClaims(
        claims as Record<string, unknown>,
        this.options,
        signedPart,
        this.clock.wall(),
      );
      if (principal.issuedAt === -Infinity && 'iat' in claims && claims.iat !== null) {
        this.log.warn('iat ahead', IAT_AHEAD);
      }
      if (principal.expiresAt === Infinity && !this.options.jwt.allowWithoutExpiry) throw new Error('it has no exp');
      return principal;
    } catch (error) {
      const unavailable = error instanceof KeysUnavailableError;
      const reason = reasonOf(error);
      const verdict = unavailable ? 'could not be verified' : 'was refused';
      const line = `A token ${verdict}: ${reason}`;
      // Signed by the issuer, and of no use here: the configuration has to change, so its developer has to see it.
      if (error instanceof ClaimsError) this.log.warn(`token ${reason}`, `${line}. See docs/authentication.md`);
      else this.log.debug(`token ${reason}`, line);
      const about = error instanceof TenantMissingError ? { message: 'The token names no tenant' } : {};
      throw new ProtocolError(unavailable ? 'unavailable' : 'token_invalid', about);
    }
  }

  private async claimsOf(token: string): Promise<unknown> {
    const { alg, kid, crit } = this.headers.of(token);
    // Before any key is looked for: what a token says of itself decides nothing.
    const algorithm = this.keys.algorithms.find((allowed) => allowed === alg);
    if (algorithm === undefined) throw new Error('its algorithm is not allowed');
    if (crit !== undefined) throw new Error('it demands an extension (crit) that is not supported');
    if (kid !== undefined && typeof kid !== 'string') throw new Error('its kid is not a string');
    const keys = await this.keys.keysFor({ alg: algorithm, ...(kid === undefined ? {} : { kid }) });
    const { issuer, audience, clockToleranceSeconds } = this.options.jwt;
    const options = {
      algorithms: [algorithm],
      clockTimestamp: Math.floor(this.clock.wall() / 1_000),
      clockTolerance: clockToleranceSeconds,
      ignoreExpiration: true,
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience: audience as string | [string, ...string[]] }),
    };
    for (const [index, key] of keys.entries()) {
      try {
        // JwtService reads its key from the options of the call, which its types take for text.
        return this.jwt.verify(token, { ...({ publicKey: key } as object), ...options });
      } catch (error) {
        // While keys rotate, another key may have signed it.
        if (index === keys.length - 1 || (error as Error).message !== WRONG_KEY) throw error;
      }
    }
    throw new Error('there is no key for its algorithm');
  }
}

/** @throws ProtocolError `forbidden` */
function inTenant(principal: Principal, tenant: string | null): Principal {
  if (tenant === null || tenant === principal.tenant) return principal;
  if (principal.homeTenant === null) return withTenant(principal, tenant);
  throw new ProtocolError('forbidden', { message: 'Only platform administrators can choose a tenant' });
}

/** Describes what is wrong with a token without quoting it: the error message of `JSON.parse` contains its input. */
function reasonOf(error: unknown): string {
  return error instanceof SyntaxError ? 'it is malformed' : (error as Error).message;
}
