import { MemoryTicketStore } from './auth/memory.ticket-store.js';
import { RedisTicketStore } from './auth/redis.ticket-store.js';
import type { TicketStore } from './auth/ticket-store.js';
import type { Broker } from './broker/broker.js';
import { MemoryBroker } from './broker/memory.broker.js';
import { RedisBroker } from './broker/redis.broker.js';
import { redisTarget } from './broker/redis/redis-target.js';
import type { RealtimeClock } from './clock/realtime-clock.js';
import { MemoryRevocationStore } from './control/memory.revocation-store.js';
import { RedisRevocationStore } from './control/redis.revocation-store.js';
import type { RevocationStore } from './control/revocation-store.js';
import type { InstanceDirectory } from './instances/instance-directory.js';
import type { Lease } from './instances/lease.js';
import { MemoryInstanceDirectory } from './instances/memory.instance-directory.js';
import { RedisInstanceDirectory } from './instances/redis.instance-directory.js';
import type { Counters } from './observability/counters.js';
import { SafeLogger } from './observability/safe-logger.js';
import type { ResolvedRealtimeOptions } from './options/realtime-options.js';
import { workerWarning } from './options/worker-warning.js';
import { MemoryPresenceStore } from './presence/memory.presence-store.js';
import type { PresenceStore } from './presence/presence-store.js';
import { RedisPresenceStore } from './presence/redis.presence-store.js';

/** Creates the broker of this instance: over Redis if the options name one, otherwise in memory. */
export function broker(options: ResolvedRealtimeOptions, counters: Counters, clock: RealtimeClock): Broker {
  const target = redisTarget(options.redis);
  if (target !== null) return new RedisBroker(target, options.redis.prefix, counters);
  const warning = workerWarning();
  if (warning !== null) new SafeLogger('Realtime').warn(warning);
  return new MemoryBroker(() => clock.now());
}

/** Creates the store of one-time tickets, in the same backend as the broker. */
export function ticketStore(messages: Broker, clock: RealtimeClock): TicketStore {
  return messages instanceof RedisBroker ? new RedisTicketStore(messages) : new MemoryTicketStore(() => clock.now());
}

/** The store of revocations, next to the broker. */
export function revocationStore(messages: Broker, clock: RealtimeClock): RevocationStore {
  return messages instanceof RedisBroker ? new RedisRevocationStore(messages) : new MemoryRevocationStore(clock);
}

/** The directory of instances, next to the broker. */
export function instanceDirectory(messages: Broker, lease: Lease): InstanceDirectory {
  if (!(messages instanceof RedisBroker)) return new MemoryInstanceDirectory();
  return new RedisInstanceDirectory(messages, lease);
}

/** The store of presence, next to the broker. */
export function presenceStore(messages: Broker, directory: InstanceDirectory): PresenceStore {
  return messages instanceof RedisBroker ? new RedisPresenceStore(messages, directory) : new MemoryPresenceStore();
}
