import { soak } from './soak.js';
import { problemsOf } from './verdict.js';

/** A few seconds of it, too short to speak of trends: that nothing is left over. `npm run soak` is the long form. */
describe('the soak, short', () => {
  it('leaves nothing behind', async () => {
    const result = await soak({ seconds: 6, connections: 200 });
    expect(problemsOf(result, false)).toEqual([]);
    expect(result.load.opened).toBeGreaterThan(50);
    expect(result.mostAtOnce).toBeGreaterThan(50);
    expect(result.pings.length).toBeGreaterThan(5);
  }, 90_000);
});
