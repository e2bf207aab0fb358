/**
 * Waits for an event, but not for ever: a test that hangs should say what it was waiting for.
 * @param what what is awaited, for the sentence of the failure; a function is asked when the time is over
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
