import { randomInt } from 'node:crypto';
import type { RedisBroker } from './redis.broker.js';
import { RevocationStore, type StoredRevocation } from '../../cluster/control/revocation-store.js';

/** Approximate number of entries in one reply of Redis. */
const PAGE = 1_000;

/**
 * Adds a revocation.
 * KEYS sorted set; ARGV until, entry, max entries, superseded entry or '' → 1, or 0 if there are too many. Uses the time of
 * Redis,
 * because the clocks of instances can differ.
 */
const ADD = `
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(time[1]) * 1000)
if ARGV[4] ~= '' then redis.call('ZREM', KEYS[1], ARGV[4]) end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) and not redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], 'GT', ARGV[1], ARGV[2])
return 1
`;

/**
 * Member of the set whose score identifies the incarnation of the set. Other scores are expiry times: all of them are smaller.
 */
const GENERATION = 'generation';
const FIRST_GENERATION = 2 ** 47;

/**
 * Returns the lineage of the server and the generation of the set.
 * KEYS sorted set; ARGV the generation if there is none yet
 */
const LINEAGE = `
redis.call('ZADD', KEYS[1], 'NX', ARGV[1], '${GENERATION}')
local line = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
return line .. ' ' .. string.format('%.0f', redis.call('ZSCORE', KEYS[1], '${GENERATION}'))
`;

/** Revocation store in Redis: one sorted set, with the expiry of each entry as its score. */
export class RedisRevocationStore extends RevocationStore {
  private readonly key: string;

  constructor(private readonly redis: RedisBroker) {
    super();
    this.key = redis.keys.revocations();
  }

  override onReachable(callback: () => void): void {
    this.redis.onUp(callback);
  }

  override async add({ entry, until }: StoredRevocation, capacity: number, superseded = ''): Promise<boolean> {
    const end = until === Infinity ? '+inf' : String(until);
    const most = String(Math.min(capacity, Number.MAX_SAFE_INTEGER));
    const added = await this.redis.commandOn(this.key, (client) =>
      client.eval(ADD, 1, this.key, end, entry, most, superseded),
    );
    return added === 1;
  }

  override async all(): Promise<readonly StoredRevocation[]> {
    const found: StoredRevocation[] = [];
    let cursor = '0';
    do {
      const from = cursor;
      const [next, flat] = await this.redis.commandOn(this.key, (client) =>
        client.zscan(this.key, from, 'COUNT', PAGE),
      );
      for (let index = 0; index < flat.length; index += 2) {
        const [entry, score] = [flat[index]!, flat[index + 1]!];
        const until = score === 'inf' ? Infinity : Number(score);
        if (entry !== GENERATION && until > Date.now()) found.push({ entry, until });
      }
      cursor = next;
    } while (cursor !== '0');
    return found;
  }

  override async lineage(): Promise<string> {
    const fresh = randomInt(FIRST_GENERATION, 2 ** 48 - 1);
    return String(await this.redis.commandOn(this.key, (client) => client.eval(LINEAGE, 1, this.key, fresh)));
  }
}
