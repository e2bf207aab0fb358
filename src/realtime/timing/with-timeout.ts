const LATE = Symbol('late');

/**
 * Settles like `work`, or after `ms` with the result of `onTimeout`, which can throw. The work itself keeps running, and
 * a later rejection of it is ignored.
 */
export async function withTimeout<T, L>(work: PromiseLike<T>, ms: number, onTimeout: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, ms, LATE);
  });
  try {
    const result = await Promise.race([work, late]);
    return result === LATE ? onTimeout() : result;
  } finally {
    clearTimeout(timer);
  }
}
