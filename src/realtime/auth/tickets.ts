import { Injectable } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { RealtimeClock } from '../clock/realtime-clock.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { makePrincipal, type Principal, type PrincipalParts } from './principal.js';
import { TicketStore } from './ticket-store.js';

/** How long a ticket waits to be used, in milliseconds. */
export const TICKET_TTL_MS = 30_000;

/** A ticket as it is made: 32 random bytes as base64url. */
const TICKET = /^[\w-]{43}$/;

export interface Ticket {
  readonly ticket: string;
  /** When it is no longer good, as ISO 8601. */
  readonly expiresAt: string;
}

/** Whom a ticket stands for; a time that has no end is left out. */
type Holder = Pick<PrincipalParts, 'userId' | 'email' | 'roles' | 'home' | 'jti' | 'session' | 'claimsDigest'> &
  Partial<Pick<PrincipalParts, 'issuedAt' | 'expiresAt'>>;

/**
 * One-time tickets, for those who want no token in a URL: good once, for 30 s, as the token with which they were asked for.
 * Only their digest is stored, so that who can read the store cannot use them.
 */
@Injectable()
export class Tickets {
  constructor(
    private readonly store: TicketStore,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
  ) {}

  /** @throws RealtimeUnavailableError */
  async issue(principal: Principal): Promise<Ticket> {
    const { user, roles, home, jti, session, claimsDigest, issuedAt, expiresAt } = principal;
    const { userId, email } = user;
    const ticket = randomBytes(32).toString('base64url');
    // Infinity has no JSON: what is not there is not limited.
    const times = {
      ...(Number.isFinite(issuedAt) && { issuedAt }),
      ...(Number.isFinite(expiresAt) && { expiresAt }),
    };
    const holder: Holder = {
      ...{ userId, email, roles, home, session, claimsDigest, ...times },
      ...(jti !== undefined && { jti }),
    };
    await this.store.put(digestOf(ticket), JSON.stringify(holder), TICKET_TTL_MS);
    return { ticket, expiresAt: new Date(this.clock.wall() + TICKET_TTL_MS).toISOString() };
  }

  /**
   * Whose ticket this is; nobody's any more after that.
   * @returns `null` for one that is used, over or none
   * @throws RealtimeUnavailableError
   */
  async redeem(ticket: string): Promise<Principal | null> {
    const holder = TICKET.test(ticket) ? await this.store.take(digestOf(ticket)) : null;
    if (holder === null) return null;
    try {
      const parts = JSON.parse(holder) as Holder;
      const { userId, email, roles, home, jti, session, claimsDigest } = parts;
      const { issuedAt = -Infinity, expiresAt = Infinity } = parts;
      return makePrincipal(
        { userId, email, roles, home, ...(jti !== undefined && { jti }), session, claimsDigest, issuedAt, expiresAt },
        this.options,
        this.clock.wall(),
      );
    } catch {
      return null; // somebody else wrote it
    }
  }
}

function digestOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64url');
}
