import { hash } from 'node:crypto';
import type { ClaimNames } from '../options/jwt-options.js';
import { tenantProblem } from '../tenants/topic.js';
import { channelLimitProblem, type ChannelLimit } from './channel-limit.js';

/** The payload of a verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/** The claims do not identify the user. The message is for logs, never for clients. */
export class ClaimsError extends Error {
  override readonly name = 'ClaimsError';
}

/** The claim that limits the token to channels cannot be read. */
export class ChannelLimitError extends ClaimsError {}

/** Role of a user whose token names no role. */
const DEFAULT_ROLE = 'user';

/**
 * The latest time that a `Date` can represent, in milliseconds. A token can contain any `exp`, and clients receive it as a date.
 */
const LAST_DATE_MS = 8.64e15;

/** Values from here on are milliseconds. As seconds they would be more than 30,000 years ahead. */
const MILLISECONDS_FROM = 1e12;

/** Maximum length of a `jti`, in characters. It is part of the key under which a revocation is stored. */
const MAX_JTI_LENGTH = 256;

/** Reads the first of these claims that is not missing, null or empty. */
export function readUserId(claims: Claims, names: readonly string[]): string {
  for (const name of names) {
    const value = claims[name];
    if (isMissing(value)) continue;
    const userId = asText(value);
    if (userId === null) throw new ClaimsError(`${name} is ${kindOf(value)}: a user id is a string or a whole number`);
    return userId;
  }
  throw new ClaimsError(`no user id: none of the claims ${names.join(', ')} has a value`);
}

/**
 * Reads all roles. Clients see the first one as `role`. The claim `role` takes precedence over `roles`; each can be a single role
 * or a list.
 */
export function readRoles(claims: Claims, { role, roles }: Pick<ClaimNames, 'role' | 'roles'>): readonly string[] {
  for (const name of [role, roles]) {
    const found = [claims[name]].flat().filter((value) => !isMissing(value));
    if (found.length === 0) continue;
    return [...new Set(found.map((value) => readRole(name, value)))];
  }
  return [DEFAULT_ROLE];
}

/** Reads the tenant. Returns `null` if the token has none. */
export function readTenant(claims: Claims, claim: string | undefined): string | null {
  const value = claim === undefined ? undefined : claims[claim];
  if (isMissing(value)) return null;
  const tenant = asText(value);
  const problem = tenantProblem(tenant ?? value);
  if (problem !== null) throw new ClaimsError(`${claim} ${problem}`);
  return tenant;
}

/**
 * Reads the channels to which the token is limited. Returns `undefined` without the claim.
 * @throws ChannelLimitError for any other value than a list, also for `null`: an unreadable limit must not become no limit
 */
export function readChannelLimit(claims: Claims, claim: string): ChannelLimit | undefined {
  const value = claims[claim];
  if (value === undefined) return undefined;
  const problem = channelLimitProblem(value);
  if (problem !== null) throw new ChannelLimitError(`${claim} ${problem}`);
  return Object.freeze([...(value as readonly string[])]);
}

/** Reads the `jti`. Values that are not strings are ignored. */
export function readJti(jti: unknown): string | undefined {
  if (typeof jti !== 'string' || jti === '') return undefined;
  if (jti.length > MAX_JTI_LENGTH) throw new ClaimsError(`jti has more than ${MAX_JTI_LENGTH} characters`);
  return jti;
}

/** Reads the time of issue, in milliseconds since 1970. Returns `-Infinity` if the token has no `iat`. */
export function readIssuedAt(iat: unknown): number {
  if (iat === undefined || iat === null) return -Infinity;
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw new ClaimsError(`iat is ${kindOf(iat)}, not a number`);
  return iat >= MILLISECONDS_FROM ? iat : iat * 1000;
}

/** Reads the expiry, in milliseconds since 1970. Returns `Infinity` if the token has no `exp`. */
export function readExpiry(exp: unknown): number {
  if (exp === undefined) return Infinity;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw new ClaimsError(`exp is ${kindOf(exp)}, not a number`);
  return Math.min(exp * 1000, LAST_DATE_MS);
}

/** Claims that can differ between two tokens of the same user. */
const TOKEN_ONLY_CLAIMS: ReadonlySet<string> = new Set([
  ...['iat', 'exp', 'nbf', 'jti', 'auth_time', 'nonce', 'at_hash', 'c_hash', 's_hash', 'uti', 'rat', 'aio', 'rh'],
]);

/** Computes a digest of the claims about the user. Claims that differ between tokens of the same user are left out. */
export function digestOfClaims(claims: Claims): string {
  const names = Object.keys(claims).filter((name) => !TOKEN_ONLY_CLAIMS.has(name));
  const about = names.sort().map((name) => [name, claims[name]]);
  return hash('sha256', JSON.stringify(about), 'base64url');
}

/** Identity providers encode "no value" in all of these ways. */
function isMissing(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}

function readRole(name: string, value: unknown): string {
  // A role can also restrict access, so an unreadable role is not skipped.
  if (typeof value !== 'string') throw new ClaimsError(`${name} holds ${kindOf(value)}: a role is a string`);
  return value;
}

/** Converts a string, or a whole number to its decimal digits. Returns `null` for all other values. */
function asText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? String(value) : null;
}

/** Names the type of a value without quoting it: logs must not contain claims. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a fraction';
  if (typeof value === 'number' && asText(value) === null) return 'a number out of range';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
