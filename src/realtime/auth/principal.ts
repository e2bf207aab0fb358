import { userChannel, type User } from '../../protocol/index.js';
import type { ClaimNames } from '../options/jwt-options.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { tenantProblem, userKeyOf } from '../tenants/topic.js';
import { sessionOf } from './revocation.js';

/** Who is at the other end of a connection, as its token says. Frozen and shared by all who read it. */
export interface Principal {
  /** What clients see as `user`. */
  readonly user: User;
  /** With tenants: of its own tenant, or where `home` is `null`, of the platform. */
  readonly isAdmin: boolean;
  /** The user's private channel, `user:{userId}`. */
  readonly channel: string;
  /** The tenant that the token names; `null` without the option `tenants`, and for an administrator of the platform. */
  readonly home: string | null;
  /** The tenant whose channels it uses: its `home`, or the one that an administrator of the platform has named. */
  readonly tenant: string | null;
  /** What the user is known by on this installation: two tenants may have users with the same id. */
  readonly userKey: string;
  /** The session, where the token names one. */
  readonly jti?: string;
  /** What this token, with all others of its session, is revoked by. */
  readonly session: string;
  /** When the token was issued, in milliseconds since 1970; `-Infinity` where it does not say. */
  readonly issuedAt: number;
  /** When the token ends, in milliseconds since 1970; `Infinity` where it has no end. */
  readonly expiresAt: number;
}

/** The claims do not say who this is. The message is for logs, never for clients. */
export class ClaimsError extends Error {
  override readonly name = 'ClaimsError';
}

/** They do not say whose user this is. */
export class TenantMissingError extends ClaimsError {}

/** The last moment that a date can hold: a token may claim any end, and clients are told of it as a date. */
const LAST_DATE_MS = 8.64e15;

/** The longest name of a session, in characters: what is revoked is remembered by it. */
const MAX_JTI_LENGTH = 256;

type Claims = Readonly<Record<string, unknown>>;

/** The part of the options that says how claims are read. */
export type PrincipalOptions = Pick<ResolvedRealtimeOptions, 'adminRole' | 'tenants'> & {
  readonly jwt: Pick<ResolvedRealtimeOptions['jwt'], 'claims'>;
};

/**
 * Reads who somebody is from the claims of a verified token.
 * @param signedPart what the signature covers; without a `jti` its digest is the session
 * @throws ClaimsError when they name no usable user, role or end
 */
export function principalFromClaims(claims: Claims, options: PrincipalOptions, signedPart: string): Principal {
  const names = options.jwt.claims;
  const userId = readUserId(claims, names.userId);
  const email = claims[names.email];
  const jti = readJti(claims['jti']);
  return makePrincipal(
    {
      userId,
      email: typeof email === 'string' ? email : null,
      role: readRole(claims, names),
      home: readTenant(claims, options.tenants.claim),
      ...(jti === undefined ? {} : { jti }),
      session: sessionOf(jti, signedPart),
      issuedAt: readIssuedAt(claims['iat']),
      expiresAt: readExpiry(claims['exp']),
    },
    options,
  );
}

/** @throws ClaimsError when the user id makes no channel name, or it is not clear whose user it is */
export function makePrincipal(
  { userId, email, role, ...token }: User & Pick<Principal, 'home' | 'jti' | 'session' | 'issuedAt' | 'expiresAt'>,
  { adminRole, tenants }: Pick<PrincipalOptions, 'adminRole' | 'tenants'>,
): Principal {
  const channel = userChannel(userId);
  if (channel === null) throw new ClaimsError('the user id makes no channel name');
  const { home } = token;
  const hasTenants = tenants.claim !== undefined;
  const isAdmin = role === (hasTenants && home === null ? (tenants.platformRole ?? adminRole) : adminRole);
  if (hasTenants && home === null && !isAdmin) throw new TenantMissingError(`there is no tenant (${tenants.claim})`);
  return Object.freeze({
    user: Object.freeze({ userId, email, role }),
    isAdmin,
    channel,
    tenant: home,
    userKey: hasTenants ? userKeyOf(home, userId) : userId,
    ...token,
  });
}

/** As an administrator of the platform who has named a tenant: with all its channels, and none of them its own. */
export function actingFor(principal: Principal, tenant: string): Principal {
  return Object.freeze({ ...principal, tenant });
}

function readTenant(claims: Claims, claim: string | undefined): string | null {
  const value = claim === undefined ? undefined : claims[claim];
  if (value === undefined || value === null || value === '') return null;
  const tenant = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? String(value) : value;
  const problem = tenantProblem(tenant);
  if (problem !== null) throw new ClaimsError(`${claim} ${problem}`);
  return tenant as string;
}

function readUserId(claims: Claims, names: readonly string[]): string {
  for (const name of names) {
    const value = claims[name];
    if (value === undefined || value === '') continue;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return String(value);
    throw new ClaimsError(`${name} is neither text nor a whole number`);
  }
  throw new ClaimsError('there is no user id');
}

function readRole(claims: Claims, names: ClaimNames): string {
  const role = claims[names.role];
  if (role !== undefined && role !== null) {
    if (typeof role !== 'string' || role === '') throw new ClaimsError('the role is no text');
    return role;
  }
  const roles = claims[names.roles];
  if (roles === undefined) return 'user';
  if (!Array.isArray(roles) || !roles.every((entry) => typeof entry === 'string')) {
    throw new ClaimsError('the roles are no list of texts');
  }
  const first: string | undefined = roles[0];
  if (first === '') throw new ClaimsError('the role is empty');
  return first ?? 'user';
}

/** A session's name of any other kind is none, as it was never compared with anything. */
function readJti(jti: unknown): string | undefined {
  if (typeof jti !== 'string' || jti === '') return undefined;
  if (jti.length > MAX_JTI_LENGTH) throw new ClaimsError('the jti is too long');
  return jti;
}

function readIssuedAt(iat: unknown): number {
  if (iat === undefined) return -Infinity;
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw new ClaimsError('iat is no number');
  return iat * 1000;
}

function readExpiry(exp: unknown): number {
  if (exp === undefined) return Infinity;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw new ClaimsError('exp is no number');
  return Math.min(exp * 1000, LAST_DATE_MS);
}
