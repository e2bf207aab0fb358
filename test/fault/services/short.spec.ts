import { Build, patchedText } from '../build.js';
import { SERVICE_MUTANTS, serviceMutantNamed } from './mutants.js';
import { describeServices } from './report.js';
import { runServices } from './run-services.js';

/** `npm run test:fault:services` is the long form. */
describe('presence, control commands and revocations while instances and Redis fail, short', () => {
  const seed = process.env['FAULT_SEED'] ?? new Date().toISOString();

  it('keep their guarantees', async () => {
    const build = await Build.make();
    try {
      const faults = ['cut', 'flushAndKill', 'restart'] as const;
      const { log, violations } = await runServices({ dist: build.dist, seed, instances: 2, faults });
      expect(`seed ${seed}\n${describeServices(violations)}`).toBe(`seed ${seed}\n`);
      expect(log.orders.length).toBeGreaterThan(4);
      expect(log.views.some(({ kind }) => kind === 'diff')).toBe(true);
      expect(log.visits.some(({ openedAt }) => openedAt === null)).toBe(true);
    } finally {
      await build.remove();
    }
  }, 150_000);

  it.each(SERVICE_MUTANTS)('can still make the mutant $name', async ({ patch }) => {
    await expect(patchedText(patch)).resolves.toContain(patch.replace);
  });

  // One mutant per checker, in one run. The others take as long as a lease.
  it('catch a mutant of presence, of commands and of revocations', async () => {
    const mutants = ['presence-is-not-renewed', 'no-confirmation', 'revocations-not-written-back'].map(
      serviceMutantNamed,
    );
    const build = await Build.make(mutants.map(({ patch }) => patch));
    try {
      const faults = ['quiet', 'flushAndKill'] as const;
      const run = { dist: build.dist, seed, instances: 2, faults, settleMs: 12_000 };
      const { violations } = await runServices(run);
      const classes = new Set(violations.map((violation) => violation.class));
      const caught = mutants.filter(({ found }) => found.some((kind) => classes.has(kind)));
      expect(caught.map(({ name }) => name)).toEqual(mutants.map(({ name }) => name));
    } finally {
      await build.remove();
    }
  }, 120_000);
});
