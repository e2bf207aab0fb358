import { runCalls } from './run-calls.js';

/** `npm run test:commands` is the long form. */
describe('calls while connections are cut and instances are killed, short', () => {
  const seed = process.env['FAULT_SEED'] ?? new Date().toISOString();

  it('run at most once, and have one outcome each', async () => {
    const { log, violations, connections } = await runCalls({ seed, calls: 600, kills: 1, restarts: false, cutMs: 60 });
    expect(`seed ${seed}\n${violations.map(({ text }) => text).join('\n')}`).toBe(`seed ${seed}\n`);
    expect(log.ran.length).toBeGreaterThan(500);
    expect(connections).toBeGreaterThan(16);
  }, 150_000);

  it('catch calls that begin on each connection', async () => {
    const { violations } = await runCalls({ seed, calls: 400, kills: 0, instances: 1, cutMs: 60, mutant: 'no-store' });
    expect(violations.map((violation) => violation.class)).toContain('ran-twice');
  }, 150_000);
});
