import { randomBytes } from 'node:crypto';
import type { RedisBroker } from './redis.broker.js';
import { isWrongType } from './script-replies.js';
import type { Client } from './client.js';
import { InstanceDirectory } from '../../cluster/instances/instance-directory.js';
import type { Lease } from '../../cluster/instances/lease.js';

/** Time for which the liveness of an instance is cached, in milliseconds. */
const LIVENESS_CACHE_MS = 1_000;
/** Maximum number of instances whose liveness is cached. */
const MAX_CACHED = 1_024;
/**
 * Number of leases after which the name of a dead instance is removed from the sorted set. Until then its lease is still
 * read.
 */
const LEASES_UNTIL_FORGOTTEN = 4;

/** Index of the last instance that is read. The most recently announced instances come first. */
const LAST_READ = '999';
/**
 * KEYS sorted set of instances; ARGV instance, remove older than (ms). Uses the time of Redis, because the clocks of
 * instances can differ. Entries in the future are removed too, because they would never expire. It uses one key per
 * command, so that it works in a Cluster.
 */
const ENTER = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + tonumber(ARGV[2]), '+inf')
return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
`;

/** Directory in Redis: a lease key per instance, which holds its report, and a sorted set of instance ids. */
export class RedisInstanceDirectory extends InstanceDirectory {
  override readonly id = randomBytes(8).toString('hex');
  override readonly isAlone = false;
  private entered = 0;
  /** Time until which an instance counts as live, by id (`performance.now()`). */
  private readonly liveUntil = new Map<string, number>();

  constructor(
    private readonly redis: RedisBroker,
    private readonly lease: Lease,
  ) {
    super();
  }

  override get registrations(): number {
    return this.entered;
  }

  override onReachable(callback: () => void): void {
    this.redis.onUp(callback);
  }

  override async announce(report: string): Promise<void> {
    const { keys } = this.redis;
    const { leaseMs } = this.lease;
    const lease = keys.lease(this.id);
    // The report is stored before the name, so that every listed name has a report.
    const before = await this.redis.commandOn(lease, (client) => client.set(lease, report, 'PX', leaseMs, 'GET'));
    if (before === null) this.entered += 1;
    await this.redis.commandOn(keys.nodes(), (client) =>
      client.eval(ENTER, 1, keys.nodes(), this.id, String(LEASES_UNTIL_FORGOTTEN * leaseMs)),
    );
  }

  override async all(): Promise<ReadonlyMap<string, string>> {
    const { keys } = this.redis;
    const ids = await this.redis.commandOn(keys.nodes(), (client) =>
      client.zrange(keys.nodes(), '0', LAST_READ, 'REV'),
    );
    const texts = await this.redis.command((client) => Promise.all(ids.map((id) => this.textOf(client, id))));
    const reports = new Map<string, string>();
    for (const [index, text] of texts.entries()) {
      // The lease of a dead instance is gone; one that left stored an empty report.
      if (text !== null && text !== '') reports.set(ids[index]!, text);
    }
    return reports;
  }

  override async living(instances: Iterable<string>): Promise<ReadonlySet<string>> {
    const now = performance.now();
    const living = new Set<string>();
    const unchecked: string[] = [];
    for (const id of instances) {
      if (id === this.id || (this.liveUntil.get(id) ?? 0) > now) living.add(id);
      else unchecked.push(id);
    }
    if (unchecked.length === 0) return living;
    const { keys } = this.redis;
    const found = await this.redis.command((client) =>
      Promise.all(unchecked.map((id) => client.exists(keys.lease(id)))),
    );
    if (this.liveUntil.size > MAX_CACHED) this.liveUntil.clear();
    for (const [index, id] of unchecked.entries()) {
      this.liveUntil.delete(id);
      if (found[index] !== 1) continue;
      living.add(id);
      this.liveUntil.set(id, now + LIVENESS_CACHE_MS);
    }
    return living;
  }

  override async leave(lingerMs: number): Promise<void> {
    const { keys } = this.redis;
    await this.redis.commandOn(keys.nodes(), (client) => client.zrem(keys.nodes(), this.id));
    await this.redis.command((client) => client.set(keys.lease(this.id), '', 'PX', Math.max(1, lingerMs)));
  }

  /** Reads a report. A value of another type is skipped, so that it does not hide the reports of all others. */
  private async textOf(client: Client, id: string): Promise<string | null> {
    try {
      return await client.get(this.redis.keys.lease(id));
    } catch (error) {
      if (!isWrongType(error)) throw error;
      this.redis.foreign.skipped('A report in the directory of instances', error);
      return null;
    }
  }
}
