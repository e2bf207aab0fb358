import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../../protocol/index.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { ChannelLimitError, ClaimsError } from './claims.js';
import { withTenant, TenantMissingError, type Principal } from './principal.js';
import { Revocations } from './revocations.js';
import { isGuestTicket, Tickets } from './tickets.js';
import { KeysUnavailableError, TokenKeys } from './token-keys.js';
import { findTenant, findToken } from './token-source.js';
import { TokenVerifier } from './token-verifier.js';

/** Warning about an `iat` too far in the future. */
const IAT_AHEAD =
  'The iat of a token is further in the future than jwt.clockToleranceSeconds allows, so every revocation of its user covers it. Check the clock of the issuer';

/**
 * Authenticates clients: finds the token of a request, verifies it and returns the principal.
 * @hideconstructor
 */
@Injectable()
export class AuthService {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  private readonly verifier: TokenVerifier;

  constructor(
    private readonly keys: TokenKeys,
    private readonly revocations: Revocations,
    private readonly tickets: Tickets,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
  ) {
    this.verifier = new TokenVerifier(keys, options, clock);
  }

  /** Reports whether tokens can be verified, and if not, why: for readiness. */
  get status(): TokenKeys['status'] {
    return this.keys.status;
  }

  /**
   * Authenticates an upgrade request of a user. The header takes precedence over the subprotocol, and the subprotocol over the
   * query. The tickets of guests are refused, because a caller may take each principal for a user.
   * @returns `null` if the request contains no token
   * @throws ProtocolError `token_invalid`, `token_expired`, `forbidden` if the tenant in the query is not allowed, or
   * `unavailable` if the token cannot be verified now
   */
  async identify(request: Pick<IncomingMessage, 'headers' | 'url'>): Promise<Principal | null> {
    return usersOnly(await this.identifyClient(request));
  }

  /**
   * Authenticates an upgrade request of a user or a guest: see {@link identify}.
   * @internal
   */
  async identifyClient(request: Pick<IncomingMessage, 'headers' | 'url'>): Promise<Principal | null> {
    const tenant = this.tenantNamedBy(request);
    const candidate = findToken(request);
    if (candidate.kind === 'none') return null;
    if (candidate.kind === 'bad') throw new ProtocolError('token_invalid');
    if (candidate.kind === 'token') return this.verifyClient(candidate.token, tenant);
    return inTenant(await this.redeem(candidate.ticket), tenant);
  }

  /**
   * Returns the tenant named in the query of an upgrade request. Returns `null` if there is none, or without the option
   * `tenants`.
   * @throws ProtocolError `forbidden` if the tenant is malformed or given twice
   */
  tenantNamedBy(request: Pick<IncomingMessage, 'url'>): string | null {
    if (this.options.tenants.claim === undefined) return null;
    const tenant = findTenant(request);
    if (tenant !== undefined) return tenant;
    throw new ProtocolError('forbidden', { message: 'Invalid tenant parameter: give it once, as A-Z a-z 0-9 _ . -' });
  }

  /**
   * Verifies one token of a user. The tickets of guests are refused.
   * @param tenant tenant to act for: the tenant of the token, or any tenant if the bearer is a platform administrator
   * @throws ProtocolError `token_invalid`, `token_expired`, `forbidden` if the tenant is not allowed, or `unavailable` while the
   * keys of the issuer cannot be fetched. The exact reason is only logged, at debug level and without the token
   */
  async verify(token: string, tenant: string | null = null): Promise<Principal> {
    return usersOnly(await this.verifyClient(token, tenant));
  }

  /**
   * Verifies the token of a user, or the ticket of a guest, which clients can send in place of a token.
   * @internal
   */
  async verifyClient(token: string, tenant: string | null = null): Promise<Principal> {
    if (isGuestTicket(token)) return inTenant(await this.redeem(token), tenant);
    const principal = await this.read(token);
    try {
      this.assertActive(principal);
    } catch (error) {
      this.verifier.forget(token);
      throw error;
    }
    return inTenant(principal, tenant);
  }

  /**
   * Exchanges a ticket for the principal of the token that requested it, or of a guest, if it is still valid.
   * @throws ProtocolError like {@link verify}
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
   * Throws if the principal's token expired or was revoked. Call it again, synchronously, right before using a principal: a
   * revocation that arrives after the token was verified finds no connection to close.
   * @throws ProtocolError `token_expired` or `token_invalid`
   * @internal
   */
  assertActive(principal: Principal): Principal {
    // `exp` is compared to the millisecond, without the clock tolerance: an open connection is closed at that moment too.
    if (principal.expiresAt <= this.clock.wall()) throw new ProtocolError('token_expired');
    if (this.revocations.revokes(principal)) {
      this.log.debug('revoked', 'A token was refused: it was revoked');
      throw new ProtocolError('token_invalid');
    }
    return principal;
  }

  private async read(token: string): Promise<Principal> {
    try {
      const { principal, issuedAt } = await this.verifier.verify(token);
      if (principal.issuedAt === -Infinity && issuedAt !== -Infinity) this.log.warn('iat ahead', IAT_AHEAD);
      if (principal.expiresAt === Infinity && !this.options.jwt.allowWithoutExpiry) throw new Error('it has no exp');
      return principal;
    } catch (error) {
      const unavailable = error instanceof KeysUnavailableError;
      const reason = reasonOf(error);
      const verdict = unavailable ? 'could not be verified' : 'was refused';
      const line = `A token ${verdict}: ${reason}`;
      // The issuer signed the token, but the claims do not fit the configuration. A developer must see this, so it is a warning.
      if (error instanceof ClaimsError) this.log.warn(`token ${reason}`, `${line}. See docs/authentication.md`);
      else this.log.debug(`token ${reason}`, line);
      throw new ProtocolError(unavailable ? 'unavailable' : 'token_invalid', messageFor(error));
    }
  }
}

/** @throws ProtocolError `token_invalid` */
function usersOnly<P extends Principal | null>(principal: P): P {
  if (principal?.guest !== undefined) throw new ProtocolError('token_invalid');
  return principal;
}

/** @throws ProtocolError `forbidden` */
function inTenant(principal: Principal, tenant: string | null): Principal {
  if (tenant === null || tenant === principal.tenant) return principal;
  if (principal.homeTenant === null) return withTenant(principal, tenant);
  throw new ProtocolError('forbidden', { message: 'Only platform administrators can choose a tenant' });
}

/** Returns a message for the client if the catalogue's is not enough to find the mistake. */
function messageFor(error: unknown): { readonly message?: string } {
  if (error instanceof TenantMissingError) return { message: 'The token names no tenant' };
  if (error instanceof ChannelLimitError)
    return { message: `The token is limited to invalid channels: ${error.message}` };
  return {};
}

/** Describes what is wrong with a token without quoting it. A `SyntaxError` of `JSON.parse` contains its input. */
function reasonOf(error: unknown): string {
  return error instanceof SyntaxError ? 'it is malformed' : (error as Error).message;
}
