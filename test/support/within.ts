/**
 * Waits for an event with a timeout, so that a hanging test reports what it waited for.
 * @param what the awaited event, for the error message; a function is called on timeout
 */
export async function within<T>(milliseconds: number, what: string | (() => string), event: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Waited ${milliseconds} ms for ${typeof what === 'string' ? what : what()}`));
    }, milliseconds);
  });
  try {
    return await Promise.race([event, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
