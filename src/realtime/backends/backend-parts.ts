import type { FactoryProvider } from '@nestjs/common';
import { TicketStore } from '../auth/ticket-store.js';
import { Broker } from '../broker/broker.js';
import { CallStore } from '../commands/call-store.js';
import { RevocationStore } from '../cluster/control/revocation-store.js';
import { SubscriptionStore } from '../cluster/subscriptions/subscription-store.js';
import { InstanceDirectory } from '../cluster/instances/instance-directory.js';
import { StateStore } from '../live/state-store.js';
import { OccupancyStore } from '../occupancy/occupancy-store.js';
import { PresenceStore } from '../presence/presence-store.js';
import { StreamStore } from '../streams/stream-store.js';
import { Backend } from './backend.js';

/** Provides each part of the backend under its own token. */
export const BACKEND_PARTS: readonly FactoryProvider[] = [
  partOf(Broker, ({ broker }) => broker),
  partOf(TicketStore, ({ tickets }) => tickets),
  partOf(RevocationStore, ({ revocations }) => revocations),
  partOf(SubscriptionStore, ({ subscriptions }) => subscriptions),
  partOf(InstanceDirectory, ({ directory }) => directory),
  partOf(PresenceStore, ({ presence }) => presence),
  partOf(OccupancyStore, ({ occupancy }) => occupancy),
  partOf(CallStore, ({ calls }) => calls),
  partOf(StateStore, ({ states }) => states),
  partOf(StreamStore, ({ streams }) => streams),
];

function partOf<Part>(port: abstract new (...args: never[]) => Part, of: (backend: Backend) => Part): FactoryProvider {
  return { provide: port, useFactory: of, inject: [Backend] };
}
