import type { Client } from './client.js';
import type { RedisBroker } from './redis.broker.js';
import { isWrongType } from './script-replies.js';
import { SubscriptionStore } from '../../cluster/subscriptions/subscription-store.js';

/** Reads a whole hash in one step: it has at most as many fields as an application can store for a user. */
const FIELDS = "redis.call('HSCAN', KEYS[1], 0, 'COUNT', 1000)[2]";

/**
 * Adds a channel of a user.
 * KEYS hash; ARGV channel, entry, max channels, TTL in milliseconds → 1, or 0 if there are too many
 */
const ADD = `
local isFull = #${FIELDS} / 2 >= tonumber(ARGV[3])
if isFull and not redis.call('HMGET', KEYS[1], ARGV[1])[1] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`;

/** Returns the entries of a user, and renews them. KEYS hash; ARGV TTL in milliseconds → channels and entries */
const ALL = `
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then return {} end
return ${FIELDS}
`;

/** Subscription store in Redis: one hash per user, and a marker that lives at least as long as any of them. */
export class RedisSubscriptionStore extends SubscriptionStore {
  constructor(private readonly redis: RedisBroker) {
    super();
  }

  override async add(
    userKey: string,
    channel: string,
    entry: string,
    capacity: number,
    ttlMs: number,
  ): Promise<boolean> {
    await this.mark(ttlMs);
    const key = this.redis.keys.subscriptions(userKey);
    const most = String(Math.min(capacity, Number.MAX_SAFE_INTEGER));
    return (await this.run(key, (client) => client.eval(ADD, 1, key, channel, entry, most, ttlMs))) === 1;
  }

  override async remove(userKey: string, channel: string): Promise<void> {
    const key = this.redis.keys.subscriptions(userKey);
    await this.run(key, (client) => client.hdel(key, channel));
  }

  override async all(userKey: string, ttlMs: number): Promise<ReadonlyMap<string, string>> {
    const key = this.redis.keys.subscriptions(userKey);
    const flat = (await this.run(key, (client) => client.eval(ALL, 1, key, ttlMs))) as readonly string[];
    if (flat.length > 0) await this.mark(ttlMs);
    const entries = new Map<string, string>();
    for (let index = 0; index + 1 < flat.length; index += 2) entries.set(flat[index]!, flat[index + 1]!);
    return entries;
  }

  override async isUsed(): Promise<boolean> {
    const key = this.redis.keys.anySubscriptions();
    return (await this.redis.commandOn(key, (client) => client.exists(key))) === 1;
  }

  /** Deletes a key that another program overwrote with another type, and tries again. */
  private async run<T>(key: string, command: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await this.redis.commandOn(key, command);
    } catch (error) {
      if (!isWrongType(error)) throw error;
      this.redis.foreign.skipped('The subscriptions of a user in the store', error);
      await this.redis.commandOn(key, (client) => client.del(key));
      return this.redis.commandOn(key, command);
    }
  }

  private async mark(ttlMs: number): Promise<void> {
    const key = this.redis.keys.anySubscriptions();
    await this.redis.commandOn(key, (client) => client.set(key, '1', 'PX', ttlMs));
  }
}
