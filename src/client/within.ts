import { RealtimeError } from './errors.js';

/**
 * Adds a timeout and a signal to a promise.
 * @param ms timeout in milliseconds, within the range of a timer
 * @param problem start of the error message, to which the timeout is added
 * @throws RealtimeError `timeout`, or the signal's reason
 */
export function within<T>(promise: Promise<T>, ms: number, problem: string, signal?: AbortSignal): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let abort!: () => void;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RealtimeError('timeout', `${problem} within ${ms} ms`)), ms);
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
