/** Resolves after this time. It does not keep the process alive. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}

/**
 * Calls `attempt` until it resolves, with a pause after each failure.
 * @returns `null` once `isOver` is true, which is checked before each attempt
 */
export async function retry<T>(attempt: () => Promise<T>, pauseMs: number, isOver: () => boolean): Promise<T | null> {
  while (!isOver()) {
    try {
      return await attempt();
    } catch {
      await sleep(pauseMs);
    }
  }
  return null;
}
