import { RealtimeUnavailableError } from '../../broker/errors.js';
import type { InstanceDirectory } from '../../cluster/instances/instance-directory.js';
import { readClaim, writeClaim } from '../../occupancy/claim-format.js';
import {
  ENDED_CLAIM_MS,
  NOT_COUNTED,
  OccupancyStore,
  type Claim,
  type NextClaim,
} from '../../occupancy/occupancy-store.js';
import type { RedisBroker } from './redis.broker.js';
import { isWrongType } from './script-replies.js';

/** Number of keys per command. More in one command would block every other client of that Redis. */
const BATCH = 1_000;
/** A count: a whole number, or `NOT_COUNTED`. */
const COUNT = /^(?:-1|\d{1,10})$/;

/**
 * Replaces a claim. A value that is not a claim counts as none. The sequence is the time of Redis in microseconds, so
 * that it increases after a loss of data too.
 * KEYS claim; ARGV expected claim or '', state, owner, sequence or '', time to keep an ended claim (ms)
 * → the stored claim, or false
 */
const CLAIM = `
local held = redis.call('GET', KEYS[1]) or ''
local last = string.match(held, '^%a+ (%d+) %w*$')
if not last then held = '' end
if held ~= ARGV[1] then return false end
local sequence = ARGV[4]
if sequence == '' then
  local time = redis.call('TIME')
  sequence = string.format('%.0f', math.max(time[1] * 1000000 + time[2], (last or 0) + 1))
end
local claim = ARGV[2] .. ' ' .. sequence .. ' ' .. ARGV[3]
if ARGV[2] == 'ended' then redis.call('SET', KEYS[1], claim, 'PX', ARGV[5])
else redis.call('SET', KEYS[1], claim) end
return claim
`;

/**
 * Occupancy store in Redis: a hash of counts by key for each instance, a sorted set of the instances that have one, and a
 * string for each claim. All changes of one instance are one command, and so are the totals of many keys for each live instance.
 */
export class RedisOccupancyStore extends OccupancyStore {
  /** The registration for which this instance is in the set. */
  private listedFor = 0;

  constructor(
    private readonly redis: RedisBroker,
    private readonly directory: InstanceDirectory,
  ) {
    super();
  }

  override async write(counts: ReadonlyMap<string, number | null>): Promise<void> {
    const { registrations } = this.directory;
    // Before this instance has a lease, others would drop its keys as those of a dead instance.
    if (registrations === 0) throw new RealtimeUnavailableError('This instance is not registered in Redis yet');
    if (this.listedFor !== registrations) await this.list();
    this.listedFor = registrations;
    const hash = this.redis.keys.counts(this.directory.id);
    const set: string[] = [];
    const gone: string[] = [];
    for (const [key, count] of counts) {
      if (count === null) gone.push(key);
      else set.push(key, String(count));
    }
    for (const batch of batches(set, 2 * BATCH))
      await this.redis.commandOn(hash, (client) => client.hset(hash, ...batch));
    for (const batch of batches(gone, BATCH)) await this.redis.commandOn(hash, (client) => client.hdel(hash, ...batch));
  }

  override async size(): Promise<number> {
    await this.list();
    const hash = this.redis.keys.counts(this.directory.id);
    return this.redis.commandOn(hash, (client) => client.hlen(hash));
  }

  override async totals(keys: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    const asked = [...keys];
    const totals = new Map<string, number>();
    if (asked.length === 0) return totals;
    for (const instance of (await this.instances()).living) {
      const hash = this.redis.keys.counts(instance);
      for (const batch of batches(asked, BATCH)) {
        const counts = await this.redis.commandOn(hash, (client) => client.hmget(hash, ...batch));
        for (const [index, text] of counts.entries()) {
          const count = text === null ? NOT_COUNTED : this.readCount(text);
          if (count !== NOT_COUNTED) totals.set(batch[index]!, (totals.get(batch[index]!) ?? 0) + count);
        }
      }
    }
    return totals;
  }

  override async claims(keys: Iterable<string>): Promise<ReadonlyMap<string, Claim>> {
    const claims = new Map<string, Claim>();
    for (const batch of batches([...keys], BATCH)) {
      const texts = await this.redis.command((client) =>
        Promise.all(batch.map((key) => client.get(this.redis.keys.claim(key)).catch(noStringAt))),
      );
      for (const [index, text] of texts.entries()) {
        const claim = text === null ? null : this.readClaim(text);
        if (claim !== null) claims.set(batch[index]!, claim);
      }
    }
    return claims;
  }

  override async claim(
    key: string,
    expected: Claim | null,
    { state, owner, sequence }: NextClaim,
  ): Promise<Claim | null> {
    const name = this.redis.keys.claim(key);
    const before = expected === null ? '' : writeClaim(expected);
    const args = [before, state, owner, sequence === null ? '' : String(sequence), String(ENDED_CLAIM_MS)];
    const stored = await this.redis.commandOn(name, (client) => client.eval(CLAIM, 1, name, ...args));
    return typeof stored === 'string' ? this.readClaim(stored) : null;
  }

  override async instances(): Promise<{ readonly living: readonly string[]; readonly dead: readonly string[] }> {
    const list = this.redis.keys.countingInstances();
    const ids = await this.redis.commandOn(list, (client) => client.zrange(list, '0', '-1'));
    const live = await this.directory.living(ids);
    return { living: ids.filter((id) => live.has(id)), dead: ids.filter((id) => !live.has(id)) };
  }

  override async keysOf(instance: string, most: number): Promise<readonly string[]> {
    const hash = this.redis.keys.counts(instance);
    const keys = new Set<string>();
    let cursor = '0';
    do {
      const from = cursor;
      const [next, page] = await this.redis.commandOn(hash, (client) => client.hscan(hash, from, 'COUNT', BATCH));
      for (let index = 0; index < page.length; index += 2) keys.add(page[index]!);
      cursor = next;
    } while (cursor !== '0' && keys.size < most);
    return [...keys].slice(0, most);
  }

  override async drop(instance: string, keys: readonly string[]): Promise<void> {
    const [hash, list] = [this.redis.keys.counts(instance), this.redis.keys.countingInstances()];
    for (const batch of batches(keys, BATCH)) await this.redis.commandOn(hash, (client) => client.hdel(hash, ...batch));
    if ((await this.redis.commandOn(hash, (client) => client.hlen(hash))) > 0) return;
    // If the instance is back, it lists itself again.
    await this.redis.commandOn(list, (client) => client.zrem(list, instance));
  }

  private async list(): Promise<void> {
    const list = this.redis.keys.countingInstances();
    await this.redis.commandOn(list, (client) => client.zadd(list, '0', this.directory.id));
  }

  private readCount(text: string): number {
    if (COUNT.test(text)) return Number(text);
    this.redis.foreign.skipped('A count of connections', new Error('it is not a whole number'));
    return NOT_COUNTED;
  }

  private readClaim(text: string): Claim | null {
    try {
      return readClaim(text);
    } catch (error) {
      this.redis.foreign.skipped('A claim of a channel or user', error);
      return null;
    }
  }
}

/** A value of another type counts as no claim; the next claim replaces it. */
function noStringAt(error: unknown): null {
  if (isWrongType(error)) return null;
  throw error;
}

function* batches<T>(items: readonly T[], size: number): Iterable<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
