import type { ResolvedOptions } from './options.js';

/**
 * Full jitter: a random delay up to a bound that doubles with each attempt, so that clients do not reconnect all at
 * once. In milliseconds.
 */
export function delayBefore(attempt: number, { minDelayMs, maxDelayMs }: ResolvedOptions): number {
  return Math.random() * Math.min(maxDelayMs, minDelayMs * 2 ** attempt);
}
