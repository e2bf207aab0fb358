import { RealtimeError } from './errors.js';

/**
 * A promise with a time limit, which a signal can end before.
 * @param ms what a timer can wait for
 * @param problem the error's message, to which the time limit is added
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
