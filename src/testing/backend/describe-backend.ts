import { ForeignData, Lease, RealtimeClock, type Backend, type BackendFactory } from '../../realtime/index.js';
import { until } from './assertions.js';
import { missingParts } from './backend-parts.js';
import { describeBroker } from './describe-broker.js';
import { describeCalls } from './describe-calls.js';
import { describeLeases } from './describe-leases.js';
import { describeOccupancy } from './describe-occupancy.js';
import { describePresence } from './describe-presence.js';
import { describeDirectory, describeRevocations, describeTickets, type Instances } from './describe-stores.js';
import { describeStates } from './describe-states.js';
import { describeStreams } from './describe-streams.js';
import { describeSubscriptions } from './describe-subscriptions.js';
import { runnerOf, type TestRunner } from './test-runner.js';

/** How {@link describeBackend} creates the instances of a backend. */
export interface BackendUnderTest {
  /** Creates the backend of one instance. All instances share their data, as those of one application do. */
  readonly create: BackendFactory;
  /** True if instances share nothing, as in memory. Tests that need two instances are left out. @default false */
  readonly alone?: boolean;
  /** @default the global functions `describe`, `it`, `beforeEach` and `afterEach` */
  readonly runner?: TestRunner;
}

type Part = (runner: TestRunner, instances: Instances) => void;

const PARTS: readonly Part[] = [
  describeTickets,
  describeRevocations,
  describeSubscriptions,
  describeDirectory,
  describePresence,
  describeOccupancy,
  describeCalls,
  describeStates,
  describeStreams,
];

/**
 * Tests the guarantees of a {@link Backend}, in about 75 tests. Call it from a test file of Jest, Vitest or `node:test`.
 * The whole suite takes some seconds, because some tests wait until a lease of a second expires.
 */
export function describeBackend(name: string, { create, alone = false, runner }: BackendUnderTest): void {
  const functions = runnerOf(runner);
  const { describe, beforeEach, afterEach } = functions;
  const createInstance = async (times: Partial<Lease>): Promise<Backend> => {
    const lease = Object.assign(new Lease(), times);
    const foreign = new ForeignData({ foreignMessages: 0 });
    const backend = await create({ clock: new RealtimeClock(), lease, foreign });
    const missing = missingParts(backend);
    if (missing.length === 0) return backend;
    throw new Error(`The backend lacks ${missing.join(', ')}: see the docstrings of Backend and its ports`);
  };

  describeBroker(name, async () => (await createInstance({})).broker, runner);

  const describeInstances = (times: Partial<Lease>, parts: readonly Part[]): void => {
    describe(name, () => {
      let one: Backend;
      let two: Backend | null;

      beforeEach(async () => {
        one = await createInstance(times);
        two = alone ? null : await createInstance(times);
        for (const { broker } of two === null ? [one] : [one, two]) {
          broker.start();
          await until(
            () => broker.status.up,
            () => `the broker to be up: ${broker.status.reason ?? ''}`,
          );
        }
      });
      afterEach(async () => {
        await one.broker.close();
        await two?.broker.close();
      });

      for (const describePart of parts) describePart(functions, () => [one, two]);
    });
  };

  describeInstances({}, PARTS);
  describeInstances({ leaseMs: 1_000, renewMs: 200 }, [describeLeases]);
}
