import { Injectable } from '@nestjs/common';
import { hash, randomBytes } from 'node:crypto';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { decode, encode, list, nullable, number, record, string, unbounded, type Schema } from '../schemas/schema.js';
import { MAX_LIMIT_ENTRIES } from './channel-limit.js';
import { ClusterSeal } from './cluster-seal.js';
import { makeGuest, type GuestParts } from './guest.js';
import { makePrincipal, type Principal, type PrincipalParts } from './principal.js';
import { TicketStore } from './ticket-store.js';

/** Lifetime of an unused ticket, in milliseconds. */
export const TICKET_TTL_MS = 30_000;

/** Format of a one-time ticket: 32 random bytes as base64url. */
const TICKET = /^[\w-]{43}$/;

/** Begins the ticket of guests. No one-time ticket is that long. */
const GUEST_PREFIX = 'guest-';

/** Maximum length of the name of a share link, in characters. */
export const MAX_GUEST_NAME = 200;

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
    channels: list(text, MAX_LIMIT_ENTRIES),
  },
  ['jti', 'channels'],
);

/** Schema of the facts that are stored with the ticket of guests. */
export const guestSchema: Schema<GuestParts> = record<GuestParts>({
  name: string({ min: 1, max: MAX_GUEST_NAME }),
  channels: list(text, MAX_LIMIT_ENTRIES),
  homeTenant: nullable(text),
  issuedAt: number(),
  expiresAt: number(),
});

/**
 * Tickets, for clients that connect without a token. A one-time ticket keeps the token out of the URL: it is valid once, for 30 s,
 * and has the rights of the token that requested it. The ticket of guests is valid any number of times until it expires. Only
 * digests of tickets are stored, so read access to the store is not enough to use a ticket.
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
    const { user, roles, homeTenant, jti, session, claimsDigest, issuedAt, expiresAt, channels } = principal;
    const { userId, email } = user;
    const ticket = randomBytes(32).toString('base64url');
    const holder: PrincipalParts = {
      ...{ userId, email, roles, homeTenant, session, claimsDigest, issuedAt, expiresAt },
      ...(jti !== undefined && { jti }),
      ...(channels !== undefined && { channels }),
    };
    const digest = digestOf(ticket);
    await this.store.put(digest, this.seal.seal(purposeOf(digest), encode(holderSchema, holder)), TICKET_TTL_MS);
    return { ticket, expiresAt: new Date(this.clock.wall() + TICKET_TTL_MS).toISOString() };
  }

  /** @throws RealtimeUnavailableError */
  async issueToGuests(guest: GuestParts): Promise<Ticket> {
    const ticket = GUEST_PREFIX + randomBytes(32).toString('base64url');
    const digest = digestOf(ticket);
    const sealed = this.seal.seal(guestPurposeOf(digest), encode(guestSchema, guest));
    await this.store.put(digest, sealed, guest.expiresAt - this.clock.wall());
    return { ticket, expiresAt: new Date(guest.expiresAt).toISOString() };
  }

  /**
   * Redeems a ticket. A one-time ticket is removed.
   * @returns `null` if the ticket is used, expired or unknown
   * @throws RealtimeUnavailableError
   */
  async redeem(ticket: string): Promise<Principal | null> {
    const isOfGuests = isGuestTicket(ticket);
    if (!TICKET.test(isOfGuests ? ticket.slice(GUEST_PREFIX.length) : ticket)) return null;
    const digest = digestOf(ticket);
    const sealed = await (isOfGuests ? this.store.get(digest) : this.store.take(digest));
    if (sealed === null) return null;
    try {
      if (isOfGuests) {
        return makeGuest(decode(guestSchema, this.seal.open(guestPurposeOf(digest), sealed)), digest, this.options);
      }
      const parts = decode(holderSchema, this.seal.open(purposeOf(digest), sealed));
      return makePrincipal(parts, this.options, this.clock.wall());
    } catch {
      // Another program wrote it, or none of `clusterKeys` sealed it.
      return null;
    }
  }
}

/** Returns true for the ticket of guests, valid or not. It cannot be a token, which contains dots. */
export function isGuestTicket(ticket: string): boolean {
  return ticket.startsWith(GUEST_PREFIX) && !ticket.includes('.');
}

/** Binds the sealed holder to its ticket: under another ticket it does not verify. */
function purposeOf(digest: string): string {
  return `ticket ${digest}`;
}

function guestPurposeOf(digest: string): string {
  return `ticket of guests ${digest}`;
}

function digestOf(ticket: string): string {
  return hash('sha256', ticket, 'base64url');
}
