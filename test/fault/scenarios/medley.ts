import { SingleBackend } from '../backends/single.js';
import { clientCut } from './clients.js';
import { blackHole, cuts, lostReplies } from './network.js';
import { sigkill, sigstop } from './processes.js';
import { aof, pubsubKilled } from './redis-server.js';
import { scenario, type Scenario } from './scenario.js';

/** More would take longer than a short form may: which ones they are, the seed decides. */
const IN_ONE_ROUND = 5;

const FAULTS: readonly Scenario[] = [cuts, lostReplies, pubsubKilled, sigstop, clientCut, aof, sigkill, blackHole];

/** What can happen to one Redis server and its instances, one fault after the other: the short form of the suite. */
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
      await world.calm(world.random.between(500, 1000));
    }
  },
});
