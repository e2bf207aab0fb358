import { calm, memory } from './calm.js';
import { clientCut, slowConsumer, storm } from './clients.js';
import { cluster, failoverKept, promotion, sentinel } from './failover.js';
import { clockOfInstance, clockOfRedis, clockUntouched } from './clocks.js';
import { deleted } from './deleted.js';
import { diskFull, diskFullAlways } from './disk-full.js';
import { medley } from './medley.js';
import { pausedAndDeleted } from './mixture.js';
import { blackHole, cuts, lostReplies, outage } from './network.js';
import { clientPause, flappingReplica, outOfMemory } from './not-now.js';
import { oneDirection, oneRole } from './one-way.js';
import { outputLimit } from './output-limit.js';
import { sigkill, sigstop } from './processes.js';
import { aof, aofEverySecond, dataLost, pubsubKilled } from './redis-server.js';
import { revokedThenFlushed } from './revoked.js';
import { rollbackAof, rollbackRdb } from './rollback.js';
import { slotHeld, slotMoved } from './slots.js';
import type { Scenario } from './scenario.js';

/** Scenarios of a run without `--scenario`. */
export const SCENARIOS: readonly Scenario[] = [
  ...[
    calm,
    cuts,
    lostReplies,
    blackHole,
    outage,
    sigkill,
    sigstop,
    aof,
    aofEverySecond,
    dataLost,
    promotion,
    failoverKept,
    rollbackAof,
    rollbackRdb,
    pubsubKilled,
  ],
  ...[outOfMemory, flappingReplica, clientPause, deleted],
  ...[clientCut, slowConsumer, storm, sentinel, cluster],
  ...[oneRole, oneDirection, outputLimit, slotMoved, slotHeld],
  ...[diskFull, diskFullAlways, clockOfInstance, clockOfRedis, clockUntouched, pausedAndDeleted, revokedThenFlushed],
];

/** Scenarios that run only by name. */
const OTHERS: readonly Scenario[] = [memory, medley];

export function scenarioNamed(name: string): Scenario {
  const all = [...SCENARIOS, ...OTHERS];
  const found = all.find((scenario) => scenario.name === name);
  if (found === undefined)
    throw new Error(`Scenario not found: ${name}. Known scenarios: ${all.map((one) => one.name).join(', ')}`);
  return found;
}
