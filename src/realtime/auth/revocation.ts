import { createHash } from 'node:crypto';

/** Tokens that are no longer good, whatever they say themselves. Times are milliseconds since 1970. */
export type Revocation =
  /** The token, or tokens, of one session: see {@link sessionOf}. */
  | { readonly kind: 'session'; readonly id: string; readonly until: number }
  /** Those of a user, by its `userKey`, that were issued before a moment. */
  | { readonly kind: 'user'; readonly id: string; readonly before: number; readonly until: number }
  /** All that were issued before a moment. */
  | { readonly kind: 'all'; readonly before: number; readonly until: number };

/** More are not remembered: whoever revokes so many one by one should revoke by user, or all. */
export const MAX_REVOCATIONS = 100_000;

/** As many revocations are remembered as can be. The message says what to do. */
export class RevocationsFullError extends Error {
  override readonly name = 'RevocationsFullError';

  constructor() {
    super(
      `${MAX_REVOCATIONS} revocations are remembered, and no more can be: revokeAll() stands for all tokens at once, and a smaller revocationTtlMs forgets sooner`,
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

/** @returns `null` for what is none: it comes from Redis, where others may write */
export function readRevocation(value: unknown): Revocation | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kind, id, before, until } = value as Record<string, unknown>;
  if (typeof until !== 'number' || Number.isNaN(until)) return null;
  const hasId = typeof id === 'string' && id !== '';
  if (kind === 'session' && hasId) return { kind, id, until };
  if (typeof before !== 'number' || !Number.isFinite(before)) return null;
  if (kind === 'user' && hasId) return { kind, id, before, until };
  return kind === 'all' ? { kind, before, until } : null;
}
