import type { Backend, BackendContext } from '../backend.js';
import type { RedisTarget } from './redis-address.js';
import { RedisCallStore } from './redis.call-store.js';
import { RedisBroker } from './redis.broker.js';
import { RedisInstanceDirectory } from './redis.instance-directory.js';
import { RedisOccupancyStore } from './redis.occupancy-store.js';
import { RedisPresenceStore } from './redis.presence-store.js';
import { RedisRevocationStore } from './redis.revocation-store.js';
import { RedisStateStore } from './redis.state-store.js';
import { RedisStreamStore } from './redis.stream-store.js';
import { RedisSubscriptionStore } from './redis.subscription-store.js';
import { RedisTicketStore } from './redis.ticket-store.js';

/** Creates the backend of one instance. It connects when its broker starts. */
export function createBackend(target: RedisTarget, prefix: string, { lease, foreign }: BackendContext): Backend {
  const broker = new RedisBroker(target, prefix, foreign);
  const directory = new RedisInstanceDirectory(broker, lease);
  return {
    broker,
    tickets: new RedisTicketStore(broker),
    revocations: new RedisRevocationStore(broker),
    subscriptions: new RedisSubscriptionStore(broker),
    directory,
    presence: new RedisPresenceStore(broker, directory),
    occupancy: new RedisOccupancyStore(broker, directory),
    calls: new RedisCallStore(broker),
    states: new RedisStateStore(broker),
    streams: new RedisStreamStore(broker),
  };
}
