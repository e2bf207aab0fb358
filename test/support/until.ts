import { setTimeout as delay } from 'node:timers/promises';

/** Resolves once it holds, and fails with what is asked when it does not within 10 s. For what tells nobody when it changes. */
export async function until(holds: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline)
      throw new Error(`It did not come true within ${withinMs} ms: ${holds.toString()}`);
    await delay(1);
  }
}
