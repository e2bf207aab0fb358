import { hash } from 'node:crypto';
import { number, record, string, tagged, unbounded, type Schema } from '../schemas/schema.js';

/** Identifies tokens that are invalid although they have not expired. Times are milliseconds since 1970. */
export type Revocation =
  /** Revokes all tokens of one session: see {@link sessionOf}. */
  | { readonly kind: 'session'; readonly id: string; readonly until: number }
  /** Revokes the tokens of a user (by `userKey`) that were issued before a time. */
  | { readonly kind: 'user'; readonly id: string; readonly before: number; readonly until: number }
  /** Revokes the tickets of guests with a name (by `guestKeyOf`) that were issued before a time. */
  | { readonly kind: 'guest'; readonly id: string; readonly before: number; readonly until: number }
  /** Revokes all tokens and tickets that were issued before a time. */
  | { readonly kind: 'all'; readonly before: number; readonly until: number };

/**
 * Maximum number of stored revocations. An application with more single sessions to revoke should revoke users, or all tokens.
 */
export const MAX_REVOCATIONS = 100_000;

/** Users can revoke many of their own sessions and share links. The remaining 10 % of the capacity is reserved for revocations of users. */
const MAX_FOR_SESSIONS = 0.9 * MAX_REVOCATIONS;

/** Returns the number of stored revocations above which a revocation of this kind is rejected. */
export function capacityFor({ kind }: Revocation): number {
  if (kind === 'all') return Infinity;
  return kind === 'user' ? MAX_REVOCATIONS : MAX_FOR_SESSIONS;
}

/** How far `before` can be in the future, in milliseconds: clocks of instances differ. */
export const BEFORE_LEEWAY_MS = 300_000;

/**
 * Limits `until` to `latest`. Returns `null` if `before` is too far in the future: instances never send such a revocation, so it
 * is forged.
 * @param latest expiry of the last token that can exist now
 */
export function bounded(revocation: Revocation, now: number, latest: number): Revocation | null {
  if (revocation.kind !== 'session' && revocation.before > now + BEFORE_LEEWAY_MS) return null;
  return revocation.until > latest ? { ...revocation, until: latest } : revocation;
}

/** The limit of stored revocations is reached. The message says what to do. */
export class RevocationsFullError extends Error {
  override readonly name = 'RevocationsFullError';

  constructor() {
    super(
      `The connections were closed, but the revocation was not stored: the limit is ${MAX_REVOCATIONS}, of which ${MAX_FOR_SESSIONS} can be sessions and share links. Give revokeSession \`until\`, the end of the token, lower revocationTtlMs, or call revokeAll()`,
    );
  }
}

/**
 * Returns the id of a token's session: its `jti`, or else a digest of its signed part. The digest must not include the signature:
 * a revoked token with a respelled signature would be valid again.
 * @param signedPart see `signedPartOf`
 */
export function sessionOf(jti: string | undefined, signedPart: string): string {
  return jti === undefined ? `token ${hash('sha256', signedPart, 'base64url')}` : sessionOfJti(jti);
}

export function sessionOfJti(jti: string): string {
  return `jti ${jti}`;
}

/** Returns the key of the tokens that a revocation is about, without its times. */
export function subjectOf(revocation: Revocation): string {
  return revocation.kind === 'all' ? 'all' : `${revocation.kind} ${revocation.id}`;
}

const id = string({ min: 1, max: 2_048 });

export const revocationSchema: Schema<Revocation> = tagged<'kind', Revocation>('kind', {
  session: record<{ id: string; until: number }>({ id, until: unbounded }),
  user: record<{ id: string; before: number; until: number }>({ id, before: number(), until: unbounded }),
  guest: record<{ id: string; before: number; until: number }>({ id, before: number(), until: unbounded }),
  all: record<{ before: number; until: number }>({ before: number(), until: unbounded }),
});
