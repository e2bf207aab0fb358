import type { RedisOptions } from '../../options/redis-options.js';
import { RealtimeOptionsError, resolveRedisOptions } from '../../options/resolve-options.js';
import type { BackendFactory } from '../backend.js';
import { redisTarget } from './redis-address.js';

/**
 * The backend over Redis 7 or Valkey 8, or later: one server, Sentinel or Cluster. The option `redis` of `forRoot` uses it.
 * @throws RealtimeOptionsError if an option is wrong, or none of `url`, `sentinels` and `cluster` is set
 */
export function redisBackend(given: Partial<RedisOptions>): BackendFactory {
  const options = resolveRedisOptions(given);
  const target = redisTarget(options);
  if (target === null) throw new RealtimeOptionsError(['`redis` needs `url`, `sentinels` or `cluster`']);
  return async (context) => {
    // Loaded here: an application without Redis does not load its client.
    const { createBackend } = await import('./create-backend.js');
    return createBackend(target, options.prefix, context);
  };
}
