import { Injectable } from '@nestjs/common';
import { hash, randomBytes } from 'node:crypto';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { decode, encode, list, nullable, record, string, unbounded, type Schema } from '../schemas/schema.js';
import { ClusterSeal } from './cluster-seal.js';
import { makePrincipal, type Principal, type PrincipalParts } from './principal.js';
import { TicketStore } from './ticket-store.js';

/** Lifetime of an unused ticket, in milliseconds. */
export const TICKET_TTL_MS = 30_000;

/** Format of a ticket: 32 random bytes as base64url. */
const TICKET = /^[\w-]{43}$/;

export interface Ticket {
  readonly ticket: string;
  /** Expiry of the ticket, as ISO 8601. */
  readonly expiresAt: string;
}

const text = string({ max: 8_192 });

/** Schema of the principal that is stored with a ticket. */
export const holderSchema: Schema<PrincipalParts> = record<PrincipalParts>(
  {
    userId: text,
    email: nullable(text),
    roles: list(text, 8_192),
    homeTenant: nullable(text),
    jti: text,
    session: text,
    claimsDigest: text,
    issuedAt: unbounded,
    expiresAt: unbounded,
  },
  ['jti'],
);

/**
 * One-time tickets for clients that keep their token out of the URL. A ticket is valid once, for 30 s, and has the rights of the
 * token that requested it. Only its digest is stored, so read access to the store is not enough to use a ticket.
 */
@Injectable()
export class Tickets {
  constructor(
    private readonly store: TicketStore,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
    private readonly seal: ClusterSeal,
  ) {}

  /** @throws RealtimeUnavailableError */
  async issue(principal: Principal): Promise<Ticket> {
    const { user, roles, homeTenant, jti, session, claimsDigest, issuedAt, expiresAt } = principal;
    const { userId, email } = user;
    const ticket = randomBytes(32).toString('base64url');
    const holder: PrincipalParts = {
      ...{ userId, email, roles, homeTenant, session, claimsDigest, issuedAt, expiresAt },
      ...(jti !== undefined && { jti }),
    };
    const digest = digestOf(ticket);
    await this.store.put(digest, this.seal.seal(purposeOf(digest), encode(holderSchema, holder)), TICKET_TTL_MS);
    return { ticket, expiresAt: new Date(this.clock.wall() + TICKET_TTL_MS).toISOString() };
  }

  /**
   * Redeems a ticket and removes it.
   * @returns `null` if the ticket is used, expired or unknown
   * @throws RealtimeUnavailableError
   */
  async redeem(ticket: string): Promise<Principal | null> {
    if (!TICKET.test(ticket)) return null;
    const digest = digestOf(ticket);
    const sealed = await this.store.take(digest);
    if (sealed === null) return null;
    try {
      const parts = decode(holderSchema, this.seal.open(purposeOf(digest), sealed));
      return makePrincipal(parts, this.options, this.clock.wall());
    } catch {
      // Another program wrote it, or none of `clusterKeys` sealed it.
      return null;
    }
  }
}

/** Binds the sealed holder to its ticket: under another ticket it does not verify. */
function purposeOf(digest: string): string {
  return `ticket ${digest}`;
}

function digestOf(ticket: string): string {
  return hash('sha256', ticket, 'base64url');
}
