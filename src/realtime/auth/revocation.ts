import { createHash } from 'node:crypto';
import { number, record, string, tagged, unbounded, type Schema } from '../schemas/schema.js';

/** Tokens that are no longer good, whatever they say themselves. Times are milliseconds since 1970. */
export type Revocation =
  /** The token, or tokens, of one session: see {@link sessionOf}. */
  | { readonly kind: 'session'; readonly id: string; readonly until: number }
  /** Tokens of a user (by `userKey`) that were issued before a time. */
  | { readonly kind: 'user'; readonly id: string; readonly before: number; readonly until: number }
  /** All that were issued before a moment. */
  | { readonly kind: 'all'; readonly before: number; readonly until: number };

/** The most revocations that are kept. An application that revokes more, one by one, should revoke by user, or all. */
export const MAX_REVOCATIONS = 100_000;

/** Sessions are many, and any user can end their own: the rest of the space is for users. */
const MAX_FOR_SESSIONS = 0.9 * MAX_REVOCATIONS;

/** How many revocations can be kept before one of this kind is refused. */
export function capacityFor({ kind }: Revocation): number {
  if (kind === 'all') return Infinity;
  return kind === 'session' ? MAX_FOR_SESSIONS : MAX_REVOCATIONS;
}

/** How far in the future `before` is allowed to lie, for clocks that differ, in milliseconds. */
export const BEFORE_LEEWAY_MS = 300_000;

/**
 * The revocation within the limits of time, or `null` for one that concerns tokens of the future: those of `before` never
 * do, unless someone has forged it.
 * @param latest when the last token that can exist now ends
 */
export function bounded(revocation: Revocation, now: number, latest: number): Revocation | null {
  if (revocation.kind !== 'session' && revocation.before > now + BEFORE_LEEWAY_MS) return null;
  return revocation.until > latest ? { ...revocation, until: latest } : revocation;
}

/** The limit of revocations is reached. The message says what to do. */
export class RevocationsFullError extends Error {
  override readonly name = 'RevocationsFullError';

  constructor() {
    super(
      `The connections were closed, but the revocation was not stored: the limit is ${MAX_REVOCATIONS}, of which ${MAX_FOR_SESSIONS} can be sessions. Give revokeSession \`until\`, the end of the token, lower revocationTtlMs, or call revokeAll()`,
    );
  }
}

/**
 * The id of a token's session: its `jti`, or without one the digest of what is signed. It must not cover the signature,
 * which can be respelled: a revoked token would be valid again.
 * @param signedPart see `signedPartOf`
 */
export function sessionOf(jti: string | undefined, signedPart: string): string {
  return jti === undefined ? `token ${createHash('sha256').update(signedPart).digest('base64url')}` : sessionOfJti(jti);
}

export function sessionOfJti(jti: string): string {
  return `jti ${jti}`;
}

/** Two with the same text are about the same tokens, apart from their times. */
export function subjectOf(revocation: Revocation): string {
  return revocation.kind === 'all' ? 'all' : `${revocation.kind} ${revocation.id}`;
}

const id = string({ min: 1, max: 2_048 });

export const revocationSchema: Schema<Revocation> = tagged<'kind', Revocation>('kind', {
  session: record<{ id: string; until: number }>({ id, until: unbounded }),
  user: record<{ id: string; before: number; until: number }>({ id, before: number(), until: unbounded }),
  all: record<{ before: number; until: number }>({ before: number(), until: unbounded }),
});
