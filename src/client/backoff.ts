import type { ResolvedOptions } from './options.js';

/** Full jitter: anything from nothing to the bound, which doubles with each attempt, so that not everyone comes at once. */
export function delayBefore(attempt: number, { minDelayMs, maxDelayMs }: ResolvedOptions): number {
  return Math.random() * Math.min(maxDelayMs, minDelayMs * 2 ** attempt);
}
