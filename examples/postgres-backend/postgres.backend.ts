import type { BackendFactory } from 'nestjs-realtime';
import { PostgresBroker } from './postgres.broker.js';
import { PostgresCallStore } from './postgres.call-store.js';
import { PostgresOccupancyStore } from './postgres.occupancy-store.js';
import { PostgresStateStore } from './postgres.state-store.js';
import { PostgresStreamStore } from './postgres.stream-store.js';
import {
  PostgresInstanceDirectory,
  PostgresPresenceStore,
  PostgresRevocationStore,
  PostgresSubscriptionStore,
  PostgresTicketStore,
} from './postgres.stores.js';

/** A backend over the Postgres that an application has anyway, for some hundred events a second. Run `SCHEMA` once. */
export function postgresBackend(url: string): BackendFactory {
  return ({ lease }) => {
    const broker = new PostgresBroker(url);
    const directory = new PostgresInstanceDirectory(broker.link, lease);
    return {
      broker,
      tickets: new PostgresTicketStore(broker.link),
      revocations: new PostgresRevocationStore(broker.link),
      subscriptions: new PostgresSubscriptionStore(broker.link),
      directory,
      presence: new PostgresPresenceStore(broker.link, directory),
      occupancy: new PostgresOccupancyStore(broker.link, directory),
      calls: new PostgresCallStore(broker.link),
      states: new PostgresStateStore(broker.link),
      streams: new PostgresStreamStore(broker.link),
    };
  };
}
