import { Build, patchedText } from '../build.js';
import { FROZEN_MUTANTS, OUTBOX_MUTANTS } from './mutants.js';
import { Random } from '../../support/random.js';
import { runOutbox, WORKER } from './run-outbox.js';

/** `npm run test:fault:outbox` is the long form, with faults of the servers, and with mutants that must be caught. */
describe('the outbox, while processes are killed', () => {
  it('sends each committed change exactly once and in order, and nothing else', async () => {
    const seed = process.env['FAULT_SEED'] ?? new Date().toISOString();
    const build = await Build.make([], { program: WORKER });
    try {
      const random = new Random(seed);
      const run = { dist: build.dist, random, workers: 2, kills: 2, life: [10, 100], servers: false } as const;
      const verdict = await runOutbox(run);
      expect({ seed, ...verdict }).toMatchObject({ seed, differences: [], resyncs: 0 });
      expect(verdict.committed).toBeGreaterThanOrEqual(40);
    } finally {
      await build.remove();
    }
  }, 180_000);

  it.each(Object.entries({ ...OUTBOX_MUTANTS, ...FROZEN_MUTANTS }))(
    'can still be changed into the mutant %s',
    async (_name, patch) => {
      await expect(patchedText(patch)).resolves.toContain(patch.replace);
    },
  );
});
