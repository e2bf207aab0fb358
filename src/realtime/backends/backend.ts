import type { TicketStore } from '../auth/ticket-store.js';
import type { Broker } from '../broker/broker.js';
import type { RealtimeClock } from '../timing/realtime-clock.js';
import type { RevocationStore } from '../cluster/control/revocation-store.js';
import type { SubscriptionStore } from '../cluster/subscriptions/subscription-store.js';
import type { InstanceDirectory } from '../cluster/instances/instance-directory.js';
import type { Lease } from '../cluster/instances/lease.js';
import type { ForeignData } from '../observability/foreign-data.js';
import type { OccupancyStore } from '../occupancy/occupancy-store.js';
import type { CallStore } from '../commands/call-store.js';
import type { StateStore } from '../live/state-store.js';
import type { PresenceStore } from '../presence/presence-store.js';
import type { StreamStore } from '../streams/stream-store.js';

/**
 * Everything that the instances of an application share. The docstring of each part states its guarantees. `describeBackend` of
 * `nestjs-realtime/testing/backend` tests all of them.
 *
 * Nothing connects before `broker.start()` or a first use. `broker.close()` is called last and ends the whole backend.
 */
export abstract class Backend {
  abstract readonly broker: Broker;
  abstract readonly tickets: TicketStore;
  abstract readonly revocations: RevocationStore;
  abstract readonly subscriptions: SubscriptionStore;
  abstract readonly directory: InstanceDirectory;
  abstract readonly presence: PresenceStore;
  abstract readonly occupancy: OccupancyStore;
  abstract readonly calls: CallStore;
  abstract readonly states: StateStore;
  abstract readonly streams: StreamStore;
}

/** Parts of the module that a backend can use. */
export interface BackendContext {
  /** The time. Tests advance it. */
  readonly clock: RealtimeClock;
  /** How long an instance counts as live after it announced itself. */
  readonly lease: Lease;
  /** Counts and logs stored data and messages that no instance wrote; skip them. */
  readonly foreign: ForeignData;
}

/** Creates the backend of one instance; called once per application. The application does not start if it throws or rejects. */
export type BackendFactory = (context: BackendContext) => Backend | Promise<Backend>;
