import { runKills } from './run-kills.js';

/** `npm run test:hooks` is the long form. */
describe('hooks while instances and Redis are killed, short', () => {
  const seed = process.env['FAULT_SEED'] ?? new Date().toISOString();

  it('are called for each change in the end, with increasing sequences', async () => {
    const { log, violations } = await runKills({ seed, kills: 2, instances: 2 });
    expect(`seed ${seed}\n${violations.map(({ text }) => text).join('\n')}`).toBe(`seed ${seed}\n`);
    expect(log.calls.length).toBeGreaterThan(4);
  }, 150_000);

  it('catch that no instance takes over the keys of a killed one', async () => {
    const { violations } = await runKills({
      seed,
      kills: 1,
      ofRedis: 0,
      instances: 2,
      mutant: 'no-sweep',
      restMs: 5_000,
    });
    expect(violations.map((violation) => violation.class)).toContain('wrong-at-rest');
  }, 150_000);
});
