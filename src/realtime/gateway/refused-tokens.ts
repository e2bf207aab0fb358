import { SlidingWindowLimit } from '../connections/sliding-window-limit.js';

/** After this number of refusals of a token from one address within a minute, the token is refused before the upgrade. */
const MAX_REFUSALS = 10;
const WINDOW_MS = 60_000;
/** Maximum number of remembered tokens. The one that was refused longest ago is forgotten first. */
const MAX_REMEMBERED = 10_000;

/**
 * Counts refusals of the same token from the same address. A client that ignores `error` frames and close codes
 * reconnects with the same token forever; only a failed upgrade stops it. Tokens are stored as digests.
 */
export class RefusedTokens {
  private readonly refusals = new Map<string, SlidingWindowLimit>();

  constructor(private readonly maxRemembered = MAX_REMEMBERED) {}

  /** Number of remembered tokens. */
  get size(): number {
    return this.refusals.size;
  }

  /**
   * Counts one refusal.
   * @param now milliseconds of a monotonic clock
   * @returns true for the tenth refusal within a minute, and for each further one
   */
  isRepeated(address: string, digest: string, now: number): boolean {
    const key = `${address} ${digest}`;
    const limit = this.refusals.get(key) ?? new SlidingWindowLimit(MAX_REFUSALS - 1, WINDOW_MS);
    this.refusals.delete(key);
    this.refusals.set(key, limit);
    if (this.refusals.size > this.maxRemembered) this.refusals.delete(this.refusals.keys().next().value!);
    return limit.isExceeded(now);
  }
}
