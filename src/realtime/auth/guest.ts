import type { User } from '../../protocol/index.js';
import { userKeyOf } from '../tenants/topic.js';
import type { ChannelLimit } from './channel-limit.js';
import { ClaimsError } from './claims.js';
import type { Principal, PrincipalOptions } from './principal.js';

/** The user of all guests: no user id of a token is empty. */
const GUEST_USER: User = Object.freeze({ userId: '', email: null, role: 'guest' });

/** Begins the `userKey` of guests. A lone surrogate occurs in no user id, so no user has such a key. */
const GUEST_KEY = '\ud800guest ';

/** Facts about a guest that are stored with its ticket. Times are milliseconds since 1970. */
export interface GuestParts {
  /** Name of the share link, for operators. */
  readonly name: string;
  readonly channels: ChannelLimit;
  readonly homeTenant: string | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/**
 * Creates the principal of a guest. It has no user id, no role, no private channel and no field group, so rules and policies that
 * need one of them refuse it.
 * @param digest digest of the ticket
 * @throws ClaimsError if the ticket was issued with the option `tenants` and is used without it, or the other way round
 */
export function makeGuest(
  { name, channels, homeTenant, issuedAt, expiresAt }: GuestParts,
  digest: string,
  { tenants }: Pick<PrincipalOptions, 'tenants'>,
): Principal {
  if ((tenants.claim === undefined) !== (homeTenant === null))
    throw new ClaimsError('the tenant of the guest is wrong');
  return Object.freeze({
    user: GUEST_USER,
    roles: Object.freeze([]),
    isAdmin: false,
    channel: '',
    homeTenant,
    tenant: homeTenant,
    userKey: GUEST_KEY + guestKeyOf(homeTenant, name),
    session: `guest ${digest}`,
    claimsDigest: digest,
    ...{ issuedAt, expiresAt },
    channels: Object.freeze([...channels]),
    guest: name,
  });
}

/** Returns the key of all tickets with this name, for revocations: names are unique within a tenant. */
export function guestKeyOf(tenant: string | null, name: string): string {
  return tenant === null ? name : userKeyOf(tenant, name);
}

/** Returns the key by which limits count a user; `null` for clients without one: a share link has any number of guests. */
export function limitedUserOf(principal: Pick<Principal, 'userKey' | 'guest'> | null): string | null {
  return principal === null || principal.guest !== undefined ? null : principal.userKey;
}
