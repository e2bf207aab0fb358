const LEAST_TRIES = 3;
/** Maximum number of tries: a busy machine can disturb many of them. */
const MOST_TRIES = 15;
/** Minimum measurable CPU time, in milliseconds. Shorter work is not compared. */
const LEAST_MS = 2;

/**
 * Returns the factor by which CPU time grows for four times the size: about 4 if proportional, 16 if quadratic. Uses
 * the best of several tries, so the result does not depend on how busy the machine is.
 * @param prepare creates the input for a size and returns the work on it
 */
export function growthOf(size: number, prepare: (size: number) => () => unknown): number {
  const small = prepare(size);
  const large = prepare(4 * size);
  let smallMs = Infinity;
  let largeMs = Infinity;
  let growth = Infinity;
  for (let count = 0; count < MOST_TRIES && (count < LEAST_TRIES || growth >= PROPORTIONAL); count += 1) {
    smallMs = Math.min(smallMs, cpuMsOf(small));
    largeMs = Math.min(largeMs, cpuMsOf(large));
    growth = Math.max(largeMs, LEAST_MS) / Math.max(smallMs, LEAST_MS);
  }
  return growth;
}

/** Growth below this counts as proportional: even the best of a few tries varies by half. */
export const PROPORTIONAL = 9;

function cpuMsOf(work: () => unknown): number {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
}
