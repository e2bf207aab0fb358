import { soak } from './soak.js';
import { problemsOf } from './verdict.js';

/** Runs for a few seconds and checks that nothing is left over. It is too short for trends; `npm run soak` is the long form. */
describe('the short soak test', () => {
  it('leaves nothing behind', async () => {
    const result = await soak({ seconds: 6, connections: 200 });
    expect(problemsOf(result, false)).toEqual([]);
    expect(result.load.opened).toBeGreaterThan(50);
    expect(result.mostAtOnce).toBeGreaterThan(50);
    expect(result.pings.length).toBeGreaterThan(5);
  }, 90_000);
});
