import { hash, type KeyObject } from 'node:crypto';
import type { Principal } from './principal.js';
import type { TokenHeader } from './token-keys.js';

/** Maximum number of tokens that are remembered. */
const CAPACITY = 20_000;

/** A token whose signature and claims were verified. */
export interface VerifiedToken {
  /** Selects the keys, as in the token's header. */
  readonly header: TokenHeader;
  /** The key that verified the signature. */
  readonly key: KeyObject;
  /** The claim `nbf`, in seconds since 1970; `-Infinity` without one. */
  readonly notBefore: number;
  /** The time of issue in the token, which the principal has only as far as the clock allows. */
  readonly issuedAt: number;
  /** The principal that its connections share, so that a connected client's token needs little memory here. */
  readonly principal: Principal;
}

/**
 * Tokens that were verified before, so that the return of a client needs no signature check. Only the signature and the reading
 * of the claims are saved: the caller checks the key, times and revocations of each use.
 */
export class VerifiedTokens {
  /** In the order of use: the first one was not used for the longest time. */
  private readonly byDigest = new Map<string, VerifiedToken>();

  constructor(private readonly capacity = CAPACITY) {}

  get size(): number {
    return this.byDigest.size;
  }

  /**
   * Returns the key of a token in this cache: a digest of the whole token. Without the signature in it, a forged signature of
   * the same payload would be accepted.
   */
  static digestOf(token: string): string {
    return hash('sha256', token, 'base64url');
  }

  /** Removes a token and returns it. Add it again after its key and times were checked. */
  take(digest: string): VerifiedToken | undefined {
    const found = this.byDigest.get(digest);
    this.byDigest.delete(digest);
    return found;
  }

  add(digest: string, verified: VerifiedToken): void {
    this.byDigest.delete(digest);
    if (this.byDigest.size >= this.capacity) {
      const [oldest] = this.byDigest.keys();
      this.byDigest.delete(oldest!);
    }
    this.byDigest.set(digest, verified);
  }
}
