import { MemoryTicketStore } from './memory.ticket-store.js';
import { MemoryCallStore } from './memory.call-store.js';
import { MemoryBroker } from './memory.broker.js';
import { MemoryRevocationStore } from './memory.revocation-store.js';
import { MemoryInstanceDirectory } from './memory.instance-directory.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import { workerWarning } from '../../options/worker-warning.js';
import { MemoryOccupancyStore } from './memory.occupancy-store.js';
import { MemoryPresenceStore } from './memory.presence-store.js';
import { MemoryStateStore } from './memory.state-store.js';
import { MemoryStreamStore } from './memory.stream-store.js';
import { MemorySubscriptionStore } from './memory.subscription-store.js';
import type { BackendFactory } from '../backend.js';

/** The backend of a single process: nothing to install. It logs a warning if the process is one of several workers. */
export function memoryBackend(): BackendFactory {
  return ({ clock }) => {
    const warning = workerWarning();
    if (warning !== null) new SafeLogger('Realtime').warn(warning);
    const now = (): number => clock.now();
    const directory = new MemoryInstanceDirectory();
    const broker = new MemoryBroker(now);
    return {
      broker,
      tickets: new MemoryTicketStore(now),
      revocations: new MemoryRevocationStore(clock),
      subscriptions: new MemorySubscriptionStore(now),
      directory,
      presence: new MemoryPresenceStore(),
      occupancy: new MemoryOccupancyStore(directory.id, clock),
      calls: new MemoryCallStore(now),
      states: new MemoryStateStore(now),
      streams: new MemoryStreamStore(broker, now),
    };
  };
}
