const TRIES = 3;
/** Below this, the work is too short to be compared. */
const LEAST_MS = 2;

/**
 * How many times longer the work takes for four times the size: about 4 if its time is in proportion, 16 if it is quadratic.
 * It counts the CPU time of the best of several tries, so the result does not depend on how busy the machine is.
 * @param prepare makes the input for a size, and returns the work on it
 */
export function growthOf(size: number, prepare: (size: number) => () => unknown): number {
  const small = prepare(size);
  const large = prepare(4 * size);
  let smallMs = Infinity;
  let largeMs = Infinity;
  for (let count = 0; count < TRIES; count += 1) {
    smallMs = Math.min(smallMs, cpuMsOf(small));
    largeMs = Math.min(largeMs, cpuMsOf(large));
  }
  return Math.max(largeMs, LEAST_MS) / Math.max(smallMs, LEAST_MS);
}

/** Growth below this is proportional: the best of a few tries still varies by half. */
export const PROPORTIONAL = 9;

function cpuMsOf(work: () => unknown): number {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
}
