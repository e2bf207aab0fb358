import { clamp } from './limits.js';
import type { ResolvedOptions } from './options.js';

/**
 * Full jitter: a random delay up to a bound, so that clients do not reconnect all at once. In milliseconds.
 * @param boundMs bound, raised to `minDelayMs` and lowered to `maxDelayMs`
 */
export function delayUpTo(boundMs: number, options: ResolvedOptions): number {
  return Math.random() * clamp(boundMs, options.minDelayMs, options.maxDelayMs);
}
