import type { Patch } from '../build.js';
import type { ServiceFaultName } from './faults.js';
import type { ServiceViolationClass } from './violations.js';

/** A deliberate bug in the product that a checker must find. */
export interface ServiceMutant {
  readonly name: string;
  readonly patch: Patch;
  readonly faults: readonly ServiceFaultName[];
  /** Shorter end of the run if no member has to leave, in milliseconds. */
  readonly settleMs?: number;
  /** One of these violations is enough. */
  readonly found: readonly ServiceViolationClass[];
}

export const SERVICE_MUTANTS: readonly ServiceMutant[] = [
  {
    name: 'killed-members-stay',
    patch: {
      file: 'realtime/backends/redis/redis.presence-store.js',
      find: 'if (!living.has(instance))',
      replace: 'if (false)',
    },
    faults: ['kill'],
    found: ['goneStillShown'],
  },
  {
    name: 'presence-is-not-renewed',
    patch: {
      file: 'realtime/presence/local-presence.js',
      find: 'if (held.get(userId) === count)',
      replace: 'if (true)',
    },
    faults: ['flush'],
    settleMs: 12_000,
    found: ['presentNotShown', 'flapped'],
  },
  {
    name: 'confirmed-without-execution',
    patch: {
      file: 'realtime/cluster/control/control-bus.js',
      find: 'handler.execute(command)',
      replace: 'Math.random() < 0.5 ? 0 : handler.execute(command)',
    },
    faults: [],
    found: ['confirmedNotDone', 'acceptedAfterConfirmation'],
  },
  {
    name: 'no-confirmation',
    patch: {
      file: 'realtime/cluster/broker.cluster-bus.js',
      find: 'this.pending.get(id)?.receive(from, answer)',
      replace: 'undefined',
    },
    faults: [],
    found: ['missingForever'],
  },
  {
    name: 'revocations-not-written-back',
    patch: {
      file: 'realtime/cluster/control/revocation-keeper.js',
      find: 'at < lost.length',
      replace: 'at < 0',
    },
    faults: ['flushAndKill'],
    found: ['acceptedLate'],
  },
];

export function serviceMutantNamed(name: string): ServiceMutant {
  const found = SERVICE_MUTANTS.find((mutant) => mutant.name === name);
  const names = SERVICE_MUTANTS.map((one) => one.name).join(', ');
  if (found === undefined) throw new Error(`There is no mutant ${name}: ${names}`);
  return found;
}
