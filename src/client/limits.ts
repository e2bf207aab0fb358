/** The longest time that a timer can wait, in milliseconds; a longer one would fire at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** A number from outside, within bounds. @returns `missing` if it is not a number */
export function clamp(value: unknown, min: number, max: number, missing: number): number {
  return typeof value === 'number' && !Number.isNaN(value) ? Math.min(Math.max(value, min), max) : missing;
}

/**
 * A promise with a time limit, which a signal can end before.
 * @param late makes the error of the time limit
 * @throws what `late` makes, or the signal's reason
 */
export function within<T>(promise: Promise<T>, ms: number, late: () => Error, signal?: AbortSignal): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let abort!: () => void;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.min(ms, MAX_TIMER_MS));
    // React Native's signals have no reason.
    abort = () => reject((signal!.reason as Error | undefined) ?? new Error('aborted'));
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort);
  });
  return Promise.race([promise, limit]).finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  });
}
