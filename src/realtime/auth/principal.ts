import { userChannel, type User } from '../../protocol/index.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { userKeyOf } from '../tenants/topic.js';
import {
  ClaimsError,
  digestOfClaims,
  readExpiry,
  readIssuedAt,
  readJti,
  readRoles,
  readTenant,
  readUserId,
  type Claims,
} from './claims.js';
import { sessionOf } from './revocation.js';

/** The identity of a client, read from its token. Frozen, and shared by all readers. */
export interface Principal {
  /** The `user` that clients receive. */
  readonly user: User;
  /** Every role that the token names; `user.role` is the first of them. */
  readonly roles: readonly string[];
  /** With tenants: an admin of its tenant, or, if `homeTenant` is `null`, of the platform. */
  readonly isAdmin: boolean;
  /** The user's private channel, `user:{userId}`. */
  readonly channel: string;
  /** The tenant that the token names; `null` without the option `tenants`, and for an administrator of the platform. */
  readonly homeTenant: string | null;
  /** The tenant whose channels it uses: its `homeTenant`, or the one that an administrator of the platform has named. */
  readonly tenant: string | null;
  /** The unique key of the user on this installation: two tenants can have users with the same id. */
  readonly userKey: string;
  /** The session, where the token names one. */
  readonly jti?: string;
  /** The key that revokes this token and all others of its session. */
  readonly session: string;
  /** Digest of the claims that say something about the user, so not of `iat` or `exp`: a renewal that changes nothing keeps it. */
  readonly claimsDigest: string;
  /**
   * When the token was issued, in milliseconds since 1970. Never later than the moment at which the token was verified;
   * `-Infinity` if the token does not say, or names a moment that the tolerance for clocks does not allow.
   */
  readonly issuedAt: number;
  /** When the token ends, in milliseconds since 1970; `Infinity` where it has no end. */
  readonly expiresAt: number;
}

/** The token names no tenant, and is not a platform administrator's. */
export class TenantMissingError extends ClaimsError {}

/** The part of the options that says how claims are read. */
export type PrincipalOptions = Pick<ResolvedRealtimeOptions, 'adminRole' | 'tenants'> & {
  readonly jwt: Pick<ResolvedRealtimeOptions['jwt'], 'claims' | 'clockToleranceSeconds'>;
};

/** The parts of a principal that do not follow from others. */
export type PrincipalParts = Pick<User, 'userId' | 'email'> &
  Pick<Principal, 'roles' | 'homeTenant' | 'jti' | 'session' | 'claimsDigest' | 'issuedAt' | 'expiresAt'>;

/**
 * Creates a principal from the claims of a verified token.
 * @param signedPart the part that the signature covers; without a `jti` its digest is the session
 * @param now milliseconds since 1970
 * @throws ClaimsError if the claims contain no usable user, role or end
 */
export function principalFromClaims(
  claims: Claims,
  options: PrincipalOptions,
  signedPart: string,
  now: number,
): Principal {
  const names = options.jwt.claims;
  const email = claims[names.email];
  const jti = readJti(claims['jti']);
  return makePrincipal(
    {
      userId: readUserId(claims, names.userId),
      email: typeof email === 'string' ? email : null,
      roles: readRoles(claims, names),
      homeTenant: readTenant(claims, options.tenants.claim),
      ...(jti === undefined ? {} : { jti }),
      session: sessionOf(jti, signedPart),
      claimsDigest: digestOfClaims(claims),
      issuedAt: readIssuedAt(claims['iat']),
      expiresAt: readExpiry(claims['exp']),
    },
    options,
    now,
  );
}

/**
 * Creates every principal, so that `iat` is always bounded before it is compared.
 * @param now milliseconds since 1970
 * @throws ClaimsError if the user id does not fit into a channel name, or the tenant is missing
 */
export function makePrincipal(
  { userId, email, roles, issuedAt, ...token }: PrincipalParts,
  { adminRole, tenants, jwt }: PrincipalOptions,
  now: number,
): Principal {
  const channel = userChannel(userId);
  if (channel === null) throw new ClaimsError('the user id does not fit into a channel name');
  const { homeTenant } = token;
  const hasTenants = tenants.claim !== undefined;
  // A token without a tenant is a platform administrator's only if the options name the role: a missing claim gives no rights.
  const adminBy = hasTenants && homeTenant === null ? tenants.platformRole : adminRole;
  const isAdmin = adminBy !== undefined && roles.includes(adminBy);
  if (hasTenants && homeTenant === null && !isAdmin) throw new TenantMissingError(tenantMissing(tenants));
  return Object.freeze({
    user: Object.freeze({ userId, email, role: roles[0]! }),
    roles: Object.freeze([...roles]),
    isAdmin,
    channel,
    tenant: homeTenant,
    userKey: hasTenants ? userKeyOf(homeTenant, userId) : userId,
    issuedAt: boundIssuedAt(issuedAt, now, jwt.clockToleranceSeconds * 1_000),
    ...token,
  });
}

/** Returns true if a renewal from one token to the other changes nothing about the user. */
export function isSameIdentity(one: Principal | null, other: Principal | null): boolean {
  if (one === null || other === null) return one === other;
  return one.userKey === other.userKey && one.tenant === other.tenant && one.claimsDigest === other.claimsDigest;
}

/**
 * A token was issued before it is verified, even if the clock of its issuer is ahead. An `iat` further ahead than the
 * tolerance proves nothing: the token then counts as the oldest, and every revocation of its user covers it.
 */
function boundIssuedAt(issuedAt: number, now: number, toleranceMs: number): number {
  return issuedAt > now + toleranceMs ? -Infinity : Math.min(issuedAt, now);
}

function tenantMissing({ claim, platformRole }: PrincipalOptions['tenants']): string {
  const remedy =
    platformRole === undefined
      ? 'tenants.platformRole is not set, so there are no platform administrators'
      : `only the role ${platformRole} (tenants.platformRole) needs none`;
  return `the claim ${claim} (tenants.claim) is missing: ${remedy}`;
}

/** As an administrator of the platform who has named a tenant: with all its channels, and none of them its own. */
export function withTenant(principal: Principal, tenant: string): Principal {
  return Object.freeze({ ...principal, tenant });
}
