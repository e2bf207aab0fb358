import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { LinkedCluster } from '../support/linked-cluster.js';
import { Random } from '../support/random.js';
import { boardsOf, Database } from './support/board.js';
import { LiveWalk } from './support/walk.js';

/** A longer run: `LIVE_ROUNDS=2000 LIVE_SEED=7 npm run test:one -- test/live-resources/model.spec.ts`. */
const ROUNDS = Number(process.env['LIVE_ROUNDS'] ?? 6);
const SEEDS = process.env['LIVE_SEED'] === undefined ? ['1', '2', '3'] : [process.env['LIVE_SEED']];

describe('random changes, resumes, roles and losses', () => {
  it.each(SEEDS)(
    'leave every client with the state of the database: seed %s',
    async (seed) => {
      const database = new Database();
      const cluster = new LinkedCluster();
      const start = (): Promise<RealtimeApp> =>
        RealtimeApp.start({ backend: cluster.join() }, { providers: [boardsOf(database)] });
      const apps = [await start(), await start()];
      const walk = new LiveWalk(new Random(seed), apps, database, `projects:${seed}:board`, () => cluster.lose());
      await walk.join(4);
      for (let round = 0; round < ROUNDS; round += 1) await walk.round(12);
      await walk.leave();
      expect(walk.operations).toBe(12 * ROUNDS);
      await Promise.all(apps.map((app) => app.close()));
    },
    Math.max(60_000, ROUNDS * 2_000),
  );
});
