import { withTimeout } from '../../timing/with-timeout.js';

/** Time is measured in steps of this length, in milliseconds. */
const STEP_MS = 50;

/**
 * Returns false if the result takes longer. Time in which the event loop was blocked counts as one step, because a reply that
 * arrived during it was not read yet.
 * @param result must never reject
 */
export async function arrivesWithin(result: Promise<void>, ms: number): Promise<boolean> {
  const arrived = result.then(() => true);
  for (let waited = 0; waited < ms; waited += STEP_MS) {
    if (await withTimeout(arrived, Math.min(STEP_MS, ms - waited), () => false)) return true;
  }
  return false;
}
