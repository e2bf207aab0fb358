import { RedisTicketStore } from './redis.ticket-store.js';
import { RedisBroker } from './redis.broker.js';
import { redisTarget } from './redis-target.js';
import { RedisRevocationStore } from './redis.revocation-store.js';
import { RedisInstanceDirectory } from './redis.instance-directory.js';
import type { RedisOptions } from '../../options/redis-options.js';
import { RealtimeOptionsError, resolveRedisOptions } from '../../options/resolve-options.js';
import { RedisPresenceStore } from './redis.presence-store.js';
import type { BackendFactory } from '../backend.js';

/**
 * The backend over Redis 7 or Valkey 8, or later: one server, Sentinel or Cluster. The option `redis` of `forRoot` uses it.
 * @throws RealtimeOptionsError if an option is wrong, or none of `url`, `sentinels` and `cluster` is set
 */
export function redisBackend(given: Partial<RedisOptions>): BackendFactory {
  const options = resolveRedisOptions(given);
  const target = redisTarget(options);
  if (target === null) throw new RealtimeOptionsError(['`redis` needs `url`, `sentinels` or `cluster`']);
  return ({ lease, foreign }) => {
    const broker = new RedisBroker(target, options.prefix, foreign);
    const directory = new RedisInstanceDirectory(broker, lease);
    return {
      broker,
      tickets: new RedisTicketStore(broker),
      revocations: new RedisRevocationStore(broker),
      directory,
      presence: new RedisPresenceStore(broker, directory),
    };
  };
}
