import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls until the condition holds, for changes that no event reports. Rejects with the condition's source after 20 s.
 */
export async function until(holds: () => boolean, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline)
      throw new Error(`It did not come true within ${withinMs} ms: ${holds.toString()}`);
    await delay(1);
  }
}
