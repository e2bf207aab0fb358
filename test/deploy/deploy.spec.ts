import { percentile } from '../soak/soak.js';
import { deploy } from './deploy.js';

const CLIENTS = 40;
/** Limit of the downtime on a busy machine. `npm run test:deploy` expects less than 1 s, with 1,000 clients. */
const DOWNTIME_MS = 10_000;

describe('a rolling deploy of two instances behind nginx', () => {
  it('moves each client without a loss or a reload, and with a short downtime', async () => {
    const { drained, published, incomplete, resets } = await deploy(CLIENTS);
    // least_conn distributes the clients, and the second instance has all of them once the first one has ended.
    expect(drained.map(({ moved }) => moved)).toEqual([CLIENTS / 2, CLIENTS]);
    for (const { downtimeMs, endedAfterMs } of drained) {
      expect(percentile(downtimeMs, 0.99)).toBeLessThan(DOWNTIME_MS);
      expect(endedAfterMs).toBeLessThan(30_000);
    }
    expect(published).toBeGreaterThan(10);
    expect({ incomplete, resets }).toEqual({ incomplete: 0, resets: 0 });
  }, 120_000);
});
