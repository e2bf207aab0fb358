import { userChannel, type User } from '../../protocol/index.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { userKeyOf } from '../tenants/topic.js';
import {
  ClaimsError,
  digestOfClaims,
  readChannelLimit,
  readExpiry,
  readIssuedAt,
  readJti,
  readRoles,
  readTenant,
  readUserId,
  type Claims,
} from './claims.js';
import type { ChannelLimit } from './channel-limit.js';
import { sessionOf } from './revocation.js';

/** The identity of a client, read from its token. Frozen, and shared by all readers. */
export interface Principal {
  /** The `user` object that clients receive. */
  readonly user: User;
  /** All roles of the token; `user.role` is the first one. */
  readonly roles: readonly string[];
  /** True for an administrator. With tenants: of its tenant, or of the platform if `homeTenant` is `null`. */
  readonly isAdmin: boolean;
  /** The user's private channel, `user:{userId}`. */
  readonly channel: string;
  /** Tenant of the token. `null` without the option `tenants`, and for a platform administrator. */
  readonly homeTenant: string | null;
  /** Tenant whose channels the client uses: the `homeTenant`, or the tenant that a platform administrator chose. */
  readonly tenant: string | null;
  /** Unique key of the user in this installation. User ids are unique only within a tenant. */
  readonly userKey: string;
  /** The `jti` of the token, if it has one. */
  readonly jti?: string;
  /** Id of the session. Revoking it revokes this token and all others of the session. */
  readonly session: string;
  /**
   * Digest of the claims about the user. `iat`, `exp` and the like are left out, so a renewed token with the same claims has the
   * same digest.
   */
  readonly claimsDigest: string;
  /**
   * Time of issue, in milliseconds since 1970, at most the time at which the token was verified. `-Infinity` if the token has no
   * `iat`, or an `iat` further in the future than the clock tolerance.
   */
  readonly issuedAt: number;
  /** Expiry of the token, in milliseconds since 1970; `Infinity` if it does not expire. */
  readonly expiresAt: number;
  /** Channels and patterns to which the token limits its user. Absent without a limit. */
  readonly channels?: ChannelLimit;
  /**
   * Name of the share link, for a guest: a client with a ticket instead of an account. Its `user.userId` is empty and it has no
   * roles. Absent for users.
   */
  readonly guest?: string;
}

/** The token has no tenant and does not belong to a platform administrator. */
export class TenantMissingError extends ClaimsError {}

/** The options that control how claims are read. */
export type PrincipalOptions = Pick<ResolvedRealtimeOptions, 'adminRole' | 'tenants'> & {
  readonly jwt: Pick<ResolvedRealtimeOptions['jwt'], 'claims' | 'clockToleranceSeconds'>;
};

/** The parts of a principal from which the others are derived. */
export type PrincipalParts = Pick<User, 'userId' | 'email'> &
  Pick<Principal, 'roles' | 'homeTenant' | 'jti' | 'session' | 'claimsDigest' | 'issuedAt' | 'expiresAt' | 'channels'>;

/** Creates a principal from the claims of a verified token: see {@link partsFromClaims} and {@link makePrincipal}. */
export function principalFromClaims(
  claims: Claims,
  options: PrincipalOptions,
  signedPart: string,
  now: number,
): Principal {
  return makePrincipal(partsFromClaims(claims, options, signedPart), options, now);
}

/**
 * Reads the parts of a principal from the claims of a verified token. They do not depend on the time.
 * @param signedPart the part that the signature covers; its digest identifies the session of a token without `jti`
 * @throws ClaimsError if the claims contain no usable user, role, limit or expiry
 */
export function partsFromClaims(claims: Claims, options: PrincipalOptions, signedPart: string): PrincipalParts {
  const names = options.jwt.claims;
  const email = claims[names.email];
  const jti = readJti(claims['jti']);
  const channels = readChannelLimit(claims, names.channels);
  return {
    userId: readUserId(claims, names.userId),
    email: typeof email === 'string' ? email : null,
    roles: readRoles(claims, names),
    homeTenant: readTenant(claims, options.tenants.claim),
    ...(jti === undefined ? {} : { jti }),
    session: sessionOf(jti, signedPart),
    claimsDigest: digestOfClaims(claims),
    issuedAt: readIssuedAt(claims['iat']),
    expiresAt: readExpiry(claims['exp']),
    ...(channels === undefined ? {} : { channels }),
  };
}

/**
 * Creates a principal from its parts. All principals are created here, so `iat` is always bounded before it is compared.
 * @param now milliseconds since 1970
 * @throws ClaimsError if the user id does not fit into a channel name, or if the tenant is missing
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
  // A token without a tenant is a platform administrator's only if the options name that role: a missing claim grants nothing.
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

/**
 * Returns the principal of a token that was verified before, for the current time.
 * @param issuedAt the time of issue in the token
 */
export function principalAt(principal: Principal, issuedAt: number, { jwt }: PrincipalOptions, now: number): Principal {
  const bounded = boundIssuedAt(issuedAt, now, jwt.clockToleranceSeconds * 1_000);
  return bounded === principal.issuedAt ? principal : Object.freeze({ ...principal, issuedAt: bounded });
}

/** Returns true if both tokens say the same about the user. */
export function isSameIdentity(one: Principal | null, other: Principal | null): boolean {
  if (one === null || other === null) return one === other;
  return one.userKey === other.userKey && one.tenant === other.tenant && one.claimsDigest === other.claimsDigest;
}

/**
 * Limits `iat` to the time before now: a token was issued before it is verified, even if the issuer's clock is ahead, so a revocation in
 * this millisecond covers it. An `iat` ahead by more than the tolerance proves nothing, so the token counts as the oldest and every
 * revocation of its user covers it.
 */
function boundIssuedAt(issuedAt: number, now: number, toleranceMs: number): number {
  if (issuedAt > now + toleranceMs) return -Infinity;
  return issuedAt > now ? now - 1 : issuedAt;
}

function tenantMissing({ claim, platformRole }: PrincipalOptions['tenants']): string {
  const remedy =
    platformRole === undefined
      ? 'tenants.platformRole is not set, so there are no platform administrators'
      : `only the role ${platformRole} (tenants.platformRole) needs none`;
  return `the claim ${claim} (tenants.claim) is missing: ${remedy}`;
}

/**
 * Returns the principal of a platform administrator acting in a tenant: with access to all channels of the tenant, but with no
 * private channel there.
 */
export function withTenant(principal: Principal, tenant: string): Principal {
  return Object.freeze({ ...principal, tenant });
}
