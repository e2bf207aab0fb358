import { jest } from '@jest/globals';
import fc from 'fast-check';
import { Random } from '../random.js';

/** Duration in minutes, set by `npm run walk`. */
export const MINUTES = Number(process.env['WALK_MINUTES'] ?? 0);

/** Number of walks per seed in a long run. The run ends after the seed in which its time is up. */
const RUNS_OF_A_SEED = 50;

/** Time limit of the short form on a busy machine, in milliseconds. */
const SHORT_LIMIT_MS = 20_000;

/** Number of walks per seed in the short form. */
const RUNS_OF_A_SHORT_SEED = 20;

/** Size of the short form. A long run uses a new seed each time. */
export interface ShortForm {
  /** Name of what is tested. */
  readonly name: string;
  readonly seed: number;
  readonly runs: number;
}

/** @returns a step: an action, perhaps inside the next listener call, followed by a delay */
export function stepOf<D>(action: fc.Arbitrary<D>): fc.Arbitrary<Step<D>> {
  return fc.record({
    action,
    inListener: fc.boolean(),
    thenMs: fc.oneof(
      fc.constantFrom(0, 0, 1, 10, 300),
      fc.integer({ min: 0, max: 5_000 }),
      fc.integer({ min: 0, max: 60_000 }),
    ),
  });
}

/** One step of a walk. */
export interface Step<D> {
  readonly action: D;
  readonly inListener: boolean;
  readonly thenMs: number;
}

/**
 * Runs the short form, or random walks for a time. `WALK_SEED` and `WALK_PATH` repeat a failure.
 * @param minutes duration; 0 for the short form
 * @param walk runs the steps on a virtual clock and returns the violations
 * @returns the failure with its seed and the shortest walk that shows it; `undefined` if there is none
 */
export async function walkAtRandom<D>(
  action: fc.Arbitrary<D>,
  short: ShortForm,
  minutes: number,
  walk: (steps: readonly Step<D>[]) => Promise<readonly string[]>,
): Promise<string | undefined> {
  const steps = fc.array(stepOf(action), { minLength: 1, maxLength: 60, size: 'max' });
  const { WALK_SEED, WALK_PATH: path, WALK_SHRINK } = process.env;
  const firstSeed = Number(WALK_SEED ?? (minutes > 0 ? Date.now() % 1_000_000 : short.seed));
  let seed = firstSeed;
  let walks = 0;
  let taken = 0;
  let isFound = false;
  const print = (line: string): void => void process.stdout.write(`${short.name}: ${line}\n`);
  const property = fc.asyncProperty(steps, fc.integer(), async (all, randomness) => {
    walks += 1;
    taken += all.length;
    jest.useFakeTimers();
    const random = jest.spyOn(Math, 'random').mockImplementation(new Random(randomness).next);
    try {
      expect([...new Set(await walk(all))]).toEqual([]);
    } catch (error) {
      // At once, because it takes minutes to find the shortest walk.
      if (!isFound) print(`seed ${seed} fails: ${String(error)}`);
      isFound = true;
      throw error;
    } finally {
      jest.useRealTimers();
      random.mockRestore();
    }
  });
  const check = async (numRuns: number): Promise<string | undefined> =>
    fc.defaultReportMessage(
      await fc.check(property, {
        seed,
        numRuns,
        ...(path !== undefined && { path }),
        endOnFailure: WALK_SHRINK === 'no',
        includeErrorInReport: true,
      }),
    );
  const beganAt = performance.now();
  const endAt = beganAt + (minutes * 60_000 || SHORT_LIMIT_MS);
  const runs = minutes > 0 ? RUNS_OF_A_SEED : RUNS_OF_A_SHORT_SEED;
  const isOver = (): boolean =>
    path !== undefined || performance.now() >= endAt || (minutes === 0 && walks >= short.runs);
  let failure = await check(runs);
  while (failure === undefined && !isOver()) {
    seed += 1;
    failure = await check(runs);
  }
  if (minutes > 0) {
    const took = ((performance.now() - beganAt) / 60_000).toFixed(1);
    print(`${took} minutes, ${walks} walks, ${taken} steps, seeds ${firstSeed} to ${seed}`);
  }
  return failure;
}
