import { randomInt } from 'node:crypto';
import type { ClusterSeal } from '../auth/cluster-seal.js';
import { capacityFor, revocationSchema, RevocationsFullError, type Revocation } from '../auth/revocation.js';
import type { RedisBroker } from '../broker/redis.broker.js';
import { decode, json } from '../schemas/schema.js';
import { RevocationStore } from './revocation-store.js';

/** A seal for this purpose is not valid for another one. */
const PURPOSE = 'revocation';

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

  constructor(
    private readonly redis: RedisBroker,
    private readonly seal: ClusterSeal,
  ) {
    super();
    this.key = redis.keys.revocations();
  }

  override onReachable(callback: () => void): void {
    this.redis.onUp(callback);
  }

  override async add(revocation: Revocation, superseded?: Revocation): Promise<void> {
    const until = revocation.until === Infinity ? '+inf' : String(revocation.until);
    const most = String(Math.min(capacityFor(revocation), Number.MAX_SAFE_INTEGER));
    const entry = this.entryOf(revocation);
    const before = superseded === undefined ? entry : this.entryOf(superseded);
    const added = await this.redis.commandOn(this.key, (client) =>
      client.eval(ADD, 1, this.key, until, entry, most, before === entry ? '' : before),
    );
    if (added !== 1) throw new RevocationsFullError();
  }

  override async all(): Promise<Revocation[]> {
    const found: Revocation[] = [];
    let cursor = '0';
    do {
      const from = cursor;
      const [next, flat] = await this.redis.commandOn(this.key, (client) =>
        client.zscan(this.key, from, 'COUNT', PAGE),
      );
      for (let index = 0; index < flat.length; index += 2) {
        const revocation = this.parseEntry(flat[index]!, flat[index + 1]!);
        if (revocation !== null && revocation.until > Date.now()) found.push(revocation);
      }
      cursor = next;
    } while (cursor !== '0');
    return found;
  }

  override async lineage(): Promise<string> {
    const fresh = randomInt(FIRST_GENERATION, 2 ** 48 - 1);
    return String(await this.redis.commandOn(this.key, (client) => client.eval(LINEAGE, 1, this.key, fresh)));
  }

  /**
   * Encodes an entry without its expiry, which is its score. Values from users are encoded as JSON here, and never part of a key.
   */
  private entryOf(revocation: Revocation): string {
    const { until: _until, ...subject } = revocationSchema.write(revocation, 'it') as Record<string, unknown>;
    return this.seal.seal(PURPOSE, JSON.stringify(subject));
  }

  private parseEntry(entry: string, score: string): Revocation | null {
    if (entry === GENERATION) return null;
    try {
      const subject = decode(json, this.seal.open(PURPOSE, entry));
      return revocationSchema.read(
        { ...(subject as object), until: score === 'inf' ? 'Infinity' : Number(score) },
        'it',
      );
    } catch (error) {
      this.redis.foreign.skipped('A revocation in the store', error);
      return null;
    }
  }
}
