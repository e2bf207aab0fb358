import { SingleBackend } from '../backends/single.js';
import { clientCut } from './clients.js';
import { blackHole, cuts, lostReplies } from './network.js';
import { sigkill, sigstop } from './processes.js';
import { aof, pubsubKilled } from './redis-server.js';
import { LIVE_WITHIN_MS, scenario, type Scenario } from './scenario.js';

/** Number of faults per round; more would take too long for a short form. The seed selects them. */
const IN_ONE_ROUND = 5;

const FAULTS: readonly Scenario[] = [cuts, lostReplies, pubsubKilled, sigstop, clientCut, aof, sigkill, blackHole];

/** Faults of one Redis server and its instances, one after the other: the short form of the suite. */
export const medley = scenario<SingleBackend>({
  name: 'medley',
  redisMayLose: false,
  options: { clientLines: true },
  backend: (instances, random) => SingleBackend.start(instances, random, ['appendonly yes', 'appendfsync always']),
  async round(world) {
    const left = [...FAULTS];
    for (let count = 0; count < IN_ONE_ROUND; count += 1) {
      const fault = world.random.pick(left);
      left.splice(left.indexOf(fault), 1);
      await fault.round(world);
      // No emit waits through two faults: together they can take longer than it waits.
      await world.untilLive(LIVE_WITHIN_MS);
    }
  },
});
