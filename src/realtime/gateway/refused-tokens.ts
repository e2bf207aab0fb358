import { SlidingWindowLimit } from '../connections/sliding-window-limit.js';

/** A token that was refused this often within a minute from one address is refused before the upgrade. */
const MAX_REFUSALS = 10;
const WINDOW_MS = 60_000;
/** Refused tokens that are remembered; the one that was refused longest ago is forgotten first. */
const MAX_REMEMBERED = 10_000;

/**
 * Counts refusals of the same token from the same address. A client that ignores `error` frames and close codes
 * reconnects with the same token forever; only a failed upgrade stops it. Tokens are stored as digests.
 */
export class RefusedTokens {
  private readonly refusals = new Map<string, SlidingWindowLimit>();

  constructor(private readonly maxRemembered = MAX_REMEMBERED) {}

  /** Tokens that are remembered. */
  get size(): number {
    return this.refusals.size;
  }

  /**
   * Counts one refusal.
   * @param now milliseconds of a clock that only goes forward
   * @returns true for the tenth within a minute, and for each further one
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
