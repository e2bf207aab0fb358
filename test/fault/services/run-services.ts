import { Random } from '../../support/random.js';
import { checkControl } from './check-control.js';
import { checkPresence } from './check-presence.js';
import { checkRevocations } from './check-revocations.js';
import { SERVICE_FAULTS, type ServiceFaultName } from './faults.js';
import type { ServiceLog } from './log.js';
import { ServiceWorld } from './service-world.js';
import type { ServiceViolation } from './violations.js';

export interface ServiceRun {
  readonly dist: string;
  readonly seed: number | string;
  readonly instances: number;
  /** Faults in order. */
  readonly faults: readonly ServiceFaultName[];
  /** Time at the end until watchers must see exactly the connected users, in milliseconds. @default 40000 */
  readonly settleMs?: number;
}

export interface ServiceResult {
  readonly log: ServiceLog;
  readonly violations: readonly ServiceViolation[];
  /** Output of the instances, by name. */
  readonly outputs: ReadonlyMap<string, string>;
}

/** Longer than the lease of a killed instance plus a renewal and the grace period. */
const SETTLE_MS = 40_000;

/** Runs guests, watchers and an operator through faults, and checks the log. */
export async function runServices({
  dist,
  seed,
  instances,
  faults,
  settleMs = SETTLE_MS,
}: ServiceRun): Promise<ServiceResult> {
  const random = new Random(`services ${seed}`);
  const world = await ServiceWorld.start(dist, instances, random);
  try {
    world.populate();
    await world.calm(1_500);
    for (const name of faults) {
      await SERVICE_FAULTS[name](world);
      await world.calm(random.between(1_500, 3_000));
    }
    await world.settle(settleMs);
  } finally {
    await world.stop();
  }
  const outputs = new Map(world.instances.map((instance) => [instance.name, instance.output]));
  return { log: world.log, violations: checkServices(world.log), outputs };
}

export function checkServices(log: ServiceLog): ServiceViolation[] {
  return [...checkPresence(log), ...checkControl(log), ...checkRevocations(log)].toSorted((a, b) => a.at - b.at);
}
