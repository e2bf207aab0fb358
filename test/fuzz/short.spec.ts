import { fuzz } from './fuzz.js';

/** Runs for a few seconds with a new seed each time; `npm run fuzz` is the long form. */
describe('the fuzzer, short', () => {
  const seed = process.env['FUZZ_SEED'] ?? new Date().toISOString();

  it('finds nothing', async () => {
    const { problems, sessions, pings } = await fuzz({ seconds: 4, seed });
    expect(`seed ${seed}\n${problems.join('\n')}`).toBe(`seed ${seed}\n`);
    expect(Object.keys(sessions).length).toBeGreaterThan(1);
    expect(pings.count).toBeGreaterThan(1);
  }, 60_000);
});
