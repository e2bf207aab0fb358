import { Build, FALLBACK, patchedText } from './build.js';
import { mutantNamed, MUTANTS } from './mutants.js';
import { describe as describeViolations } from './report.js';
import { runScenario } from './run-scenario.js';
import { promotion } from './scenarios/failover.js';
import { medley } from './scenarios/medley.js';

/** Events per second: the CPU time of a run follows them, what the faults do to their order does not. */
const RATE = 75;

/** One round of faults, and a test that the checker detects bugs. `npm run test:fault` is the long form. */
describe('the fault suite, short', () => {
  const seed = process.env['FAULT_SEED'] ?? new Date().toISOString();

  let build: Build;

  beforeAll(async () => {
    build = await Build.make();
  });

  afterAll(() => build.remove());

  it.each([medley, promotion])(
    '$name',
    async (scenario) => {
      const run = { dist: build.dist, seconds: 1, seed, rate: RATE };
      const { verdict, problems } = await runScenario(scenario, run);
      expect(`seed ${seed}\n${describeViolations(verdict.violations)}`).toBe(`seed ${seed}\n`);
      expect(problems).toEqual([]);
      expect(verdict.figures.acknowledged).toBeGreaterThan(100);
      expect(verdict.figures.recoveredTrue).toBeGreaterThan(10);
      // A promotion is so short that in some runs no client rewinds.
      if (scenario === medley) expect(Math.min(verdict.figures.rewinds, verdict.figures.pages)).toBeGreaterThan(0);
      // No fault lasts as long as the timeout of an emit.
      expect({ seed, rejected: verdict.figures.rejected }).toEqual({ seed, rejected: 0 });
    },
    90_000,
  );

  it.each(MUTANTS)('can still make the mutant $name', async ({ patches }) => {
    for (const patch of patches) await expect(patchedText(patch)).resolves.toContain(patch.replace);
  });

  it('can still make the build without direct writes', async () => {
    await expect(patchedText(FALLBACK)).resolves.toContain(FALLBACK.replace);
  });

  // Not all mutants: each one takes as long as its scenario.
  it.each(['no-fence', 'resume-skips-one'].map(mutantNamed))(
    'catches the mutant $name',
    async ({ scenarios: [scenario], patches }) => {
      const mutant = await Build.make(patches);
      try {
        const { verdict } = await runScenario(scenario!, { dist: mutant.dist, seconds: 1, seed, rate: RATE });
        expect(verdict.violations.length).toBeGreaterThan(0);
      } finally {
        await mutant.remove();
      }
    },
    60_000,
  );
});
