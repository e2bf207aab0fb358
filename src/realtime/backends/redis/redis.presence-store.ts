import { RealtimeUnavailableError } from '../../broker/errors.js';
import type { RedisBroker } from './redis.broker.js';
import type { InstanceDirectory } from '../../cluster/instances/instance-directory.js';
import { combineMemberData, MAX_MEMBERS_WITH_DATA, type MemberData } from '../../presence/member-data.js';
import { presenceValue, readPresenceField, type PresenceField } from '../../presence/presence-field.js';
import { MAX_RENEW_MS } from '../../presence/presence-pace.js';
import { ANONYMOUS, PresenceStore, type Present } from '../../presence/presence-store.js';

/** Number of fields per command. A whole channel in one command would block every other client of that Redis. */
const BATCH = 1_000;
const NO_DATA: ReadonlyMap<string, MemberData> = new Map();
/** Time after which a channel expires that no instance renews, in milliseconds. */
const KEPT_MS = 4 * MAX_RENEW_MS;

/**
 * Presence store in Redis: one hash per channel, with the number of connections by `<instance>:<user id>`, and with info
 * and state of members that have some. A field counts
 * while the lease of its instance lives, so a killed instance drops out; any reader removes its fields.
 */
export class RedisPresenceStore extends PresenceStore {
  private readonly ownPrefix: string;

  constructor(
    private readonly redis: RedisBroker,
    private readonly directory: InstanceDirectory,
  ) {
    super();
    this.ownPrefix = `${directory.id}:`;
  }

  override async write(
    channel: string,
    counts: ReadonlyMap<string, number | null>,
    data: ReadonlyMap<string, MemberData> = NO_DATA,
  ): Promise<void> {
    // Before this instance has a lease, others would treat its fields as those of a dead instance.
    if (this.directory.registrations === 0)
      throw new RealtimeUnavailableError('This instance is not registered in Redis yet');
    const key = this.redis.keys.presence(channel);
    const set: string[] = [];
    const gone: string[] = [];
    for (const [userId, count] of counts) {
      if (count === null) gone.push(this.ownPrefix + userId);
      else set.push(this.ownPrefix + userId, presenceValue(count, data.get(userId)));
    }
    for (const batch of batches(set, 2 * BATCH))
      await this.redis.commandOn(key, (client) => client.hset(key, ...batch));
    for (const batch of batches(gone, BATCH)) await this.redis.commandOn(key, (client) => client.hdel(key, ...batch));
    await this.keep(channel);
  }

  override async read(channel: string): Promise<Present> {
    const fields = await this.scan(this.redis.keys.presence(channel));
    const living = await this.directory.living(new Set([...fields.keys()].map(instanceOf)));
    const members = new Map<string, number>();
    const own = new Map<string, number>();
    const data = new Map<string, MemberData>();
    const ownData = new Map<string, MemberData>();
    const dead: string[] = [];
    let anonymous = 0;
    for (const [field, text] of fields) {
      const instance = instanceOf(field);
      if (!living.has(instance)) {
        dead.push(field);
        continue;
      }
      const read = this.readField(field, text);
      if (read === null) continue;
      const { userId, count, data: entry } = read;
      if (instance === this.directory.id) own.set(userId, count);
      if (userId === ANONYMOUS) anonymous += count;
      else members.set(userId, (members.get(userId) ?? 0) + count);
      if (entry === null) continue;
      if (instance === this.directory.id) ownData.set(userId, entry);
      if (data.has(userId) || data.size < MAX_MEMBERS_WITH_DATA)
        data.set(userId, combineMemberData(data.get(userId), entry));
    }
    for (const [userId, count] of members) if (count === 0) members.set(userId, 1);
    await this.remove(channel, dead);
    return { members, anonymous, own, data, ownData, removed: dead.length > 0 };
  }

  /** Decodes a field. @returns `null` for a field that no instance wrote; the instance that it names overwrites it */
  private readField(name: string, value: string): PresenceField | null {
    try {
      return readPresenceField(name, value);
    } catch (error) {
      this.redis.foreign.skipped('A field of presence', error);
      return null;
    }
  }

  override async keep(channel: string): Promise<boolean> {
    const key = this.redis.keys.presence(channel);
    return (await this.redis.command((client) => client.pexpire(key, KEPT_MS))) === 1;
  }

  /** Scans page by page. Permanent fields are always found; fields that are added or removed meanwhile may be missed. */
  private async scan(key: string): Promise<Map<string, string>> {
    const fields = new Map<string, string>();
    let cursor = '0';
    do {
      const at = cursor;
      const [next, page] = await this.redis.commandOn(key, (client) => client.hscan(key, at, 'COUNT', BATCH));
      for (let index = 0; index + 1 < page.length; index += 2) fields.set(page[index]!, page[index + 1]!);
      cursor = next;
    } while (cursor !== '0');
    return fields;
  }

  private async remove(channel: string, fields: readonly string[]): Promise<void> {
    const key = this.redis.keys.presence(channel);
    for (const batch of batches(fields, BATCH)) await this.redis.commandOn(key, (client) => client.hdel(key, ...batch));
  }
}

function instanceOf(field: string): string {
  return field.slice(0, field.indexOf(':'));
}

function* batches<T>(items: readonly T[], size: number): Iterable<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
