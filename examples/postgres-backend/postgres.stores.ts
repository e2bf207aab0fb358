import { randomBytes } from 'node:crypto';
import {
  ANONYMOUS,
  combineMemberData,
  decodeMemberData,
  encodeMemberData,
  InstanceDirectory,
  PresenceStore,
  RealtimeUnavailableError,
  RevocationStore,
  SubscriptionStore,
  TicketStore,
  type Lease,
  type MemberData,
  type Present,
  type StoredRevocation,
} from 'nestjs-realtime';
import type { Link } from './link.js';

export class PostgresTicketStore extends TicketStore {
  constructor(private readonly link: Link) {
    super();
  }

  override async put(digest: string, holder: string, ttlMs: number): Promise<void> {
    await this.link.query('DELETE FROM rt_tickets WHERE expires <= now()');
    await this.link.query("INSERT INTO rt_tickets VALUES ($1, $2, now() + $3 * interval '1 ms')", [
      ...[digest, holder, ttlMs],
    ]);
  }

  override async take(digest: string): Promise<string | null> {
    const [row] = await this.link.query<{ holder: string; valid: boolean }>(
      'DELETE FROM rt_tickets WHERE digest = $1 RETURNING holder, expires > now() AS valid',
      [digest],
    );
    return row?.valid === true ? row.holder : null;
  }

  override async get(digest: string): Promise<string | null> {
    const [row] = await this.link.query<{ holder: string }>(
      'SELECT holder FROM rt_tickets WHERE digest = $1 AND expires > now()',
      [digest],
    );
    return row?.holder ?? null;
  }
}

export class PostgresRevocationStore extends RevocationStore {
  constructor(private readonly link: Link) {
    super();
  }

  override onReachable(callback: () => void): void {
    this.link.onUp.push(callback);
  }

  override async add({ entry, until }: StoredRevocation, capacity: number, superseded?: string): Promise<boolean> {
    const rows = await this.link.query(
      `WITH gone AS (DELETE FROM rt_revocations WHERE entry = $3 OR expires <= $5 RETURNING entry)
       INSERT INTO rt_revocations SELECT $1, $2::float8 WHERE EXISTS (SELECT FROM rt_revocations WHERE entry = $1)
         OR (SELECT count(*) FROM rt_revocations) - (SELECT count(*) FROM gone) < $4::float8
       ON CONFLICT (entry) DO UPDATE SET expires = greatest(rt_revocations.expires, excluded.expires) RETURNING entry`,
      [entry, until, superseded ?? null, capacity, Date.now()],
    );
    return rows.length === 1;
  }

  override all(): Promise<readonly StoredRevocation[]> {
    return this.link.query<{ entry: string; until: number }>(
      'SELECT entry, expires AS until FROM rt_revocations WHERE expires > $1',
      [Date.now()],
    );
  }

  override async lineage(): Promise<string> {
    return (await this.link.query<{ id: string }>('SELECT id FROM rt_installation'))[0]!.id;
  }
}

export class PostgresSubscriptionStore extends SubscriptionStore {
  constructor(private readonly link: Link) {
    super();
  }

  override async add(
    ...[userKey, channel, entry, capacity, ttlMs]: Parameters<SubscriptionStore['add']>
  ): Promise<boolean> {
    await this.link.query('DELETE FROM rt_user_channels WHERE expires <= now()');
    const rows = await this.link.query(
      `INSERT INTO rt_user_channels SELECT $1, $2, $3, now() + $5 * interval '1 ms'
         WHERE EXISTS (SELECT FROM rt_user_channels WHERE user_key = $1 AND channel = $2)
         OR (SELECT count(*) FROM rt_user_channels WHERE user_key = $1) < $4::float8
       ON CONFLICT (user_key, channel) DO UPDATE SET entry = excluded.entry RETURNING channel`,
      [userKey, channel, entry, capacity, ttlMs],
    );
    if (rows.length === 1) await this.all(userKey, ttlMs);
    return rows.length === 1;
  }

  override async remove(userKey: string, channel: string): Promise<void> {
    await this.link.query('DELETE FROM rt_user_channels WHERE user_key = $1 AND channel = $2', [userKey, channel]);
  }

  override async all(userKey: string, ttlMs: number): Promise<ReadonlyMap<string, string>> {
    const rows = await this.link.query<{ channel: string; entry: string }>(
      `UPDATE rt_user_channels SET expires = now() + $2 * interval '1 ms'
       WHERE user_key = $1 AND expires > now() RETURNING channel, entry`,
      [userKey, ttlMs],
    );
    return new Map(rows.map(({ channel, entry }) => [channel, entry]));
  }

  override async isUsed(): Promise<boolean> {
    return (await this.link.query('SELECT FROM rt_user_channels WHERE expires > now() LIMIT 1')).length > 0;
  }
}

export class PostgresInstanceDirectory extends InstanceDirectory {
  override readonly id = randomBytes(8).toString('hex');
  override readonly isAlone = false;
  private added = 0;

  constructor(
    private readonly link: Link,
    private readonly lease: Lease,
  ) {
    super();
  }

  override get registrations(): number {
    return this.added;
  }

  override onReachable(callback: () => void): void {
    this.link.onUp.push(callback);
  }

  override async announce(report: string): Promise<void> {
    await this.link.query('DELETE FROM rt_instances WHERE expires <= now()');
    const [row] = await this.link.query<{ isNew: boolean }>(
      `INSERT INTO rt_instances VALUES ($1, $2, now() + $3 * interval '1 ms')
       ON CONFLICT (id) DO UPDATE SET report = excluded.report, expires = excluded.expires
       RETURNING xmax = 0 AS "isNew"`,
      [this.id, report, this.lease.leaseMs],
    );
    if (row!.isNew) this.added += 1;
  }

  override async all(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.link.query<{ id: string; report: string }>(
      'SELECT id, report FROM rt_instances WHERE expires > now() AND report IS NOT NULL',
    );
    return new Map(rows.map(({ id, report }) => [id, report]));
  }

  override async living(instances: Iterable<string>): Promise<ReadonlySet<string>> {
    const asked = [...instances];
    const rows = await this.link.query<{ id: string }>(
      'SELECT id FROM rt_instances WHERE id = ANY ($1) AND expires > now()',
      [asked],
    );
    return new Set([...rows.map(({ id }) => id), ...asked.filter((id) => id === this.id)]);
  }

  override async leave(lingerMs: number): Promise<void> {
    await this.link.query(
      "UPDATE rt_instances SET report = NULL, expires = now() + $2 * interval '1 ms' WHERE id = $1",
      [this.id, lingerMs],
    );
  }
}

export class PostgresPresenceStore extends PresenceStore {
  constructor(
    private readonly link: Link,
    private readonly directory: InstanceDirectory,
  ) {
    super();
  }

  override async write(
    topic: string,
    counts: ReadonlyMap<string, number | null>,
    data: ReadonlyMap<string, MemberData> = new Map(),
  ): Promise<void> {
    // The values of an instance without a lease would be removed as those of a dead one.
    if (this.directory.registrations === 0) throw new RealtimeUnavailableError('This instance is not registered yet');
    const { id } = this.directory;
    const encoded = (user: string): string | null => {
      const entry = data.get(user);
      return entry === undefined ? null : encodeMemberData(entry);
    };
    const gone = [...counts].filter(([, count]) => count === null).map(([user]) => user);
    const here = [...counts].filter((entry): entry is [string, number] => entry[1] !== null);
    await this.link.query('DELETE FROM rt_presence WHERE topic = $1 AND instance = $2 AND user_id = ANY ($3)', [
      ...[topic, id, gone],
    ]);
    await this.link.query(
      `INSERT INTO rt_presence SELECT $1, $2, * FROM unnest($3::text[], $4::int[], $5::text[])
       ON CONFLICT (topic, instance, user_id) DO UPDATE SET count = excluded.count, data = excluded.data`,
      [topic, id, here.map(([user]) => user), here.map(([, count]) => count), here.map(([user]) => encoded(user))],
    );
  }

  override async read(topic: string): Promise<Present> {
    const dead = await this.link.query(
      `DELETE FROM rt_presence WHERE topic = $1 AND instance NOT IN (SELECT id FROM rt_instances WHERE expires > now())
       RETURNING instance`,
      [topic],
    );
    const rows = await this.link.query<{ instance: string; user: string; count: number; data: string | null }>(
      'SELECT instance, user_id AS user, count, data FROM rt_presence WHERE topic = $1',
      [topic],
    );
    const members = new Map<string, number>();
    const own = new Map<string, number>();
    const all = new Map<string, MemberData>();
    const ownData = new Map<string, MemberData>();
    let anonymous = 0;
    for (const { instance, user, count, data } of rows) {
      if (instance === this.directory.id) own.set(user, count);
      if (user === ANONYMOUS) anonymous += count;
      else members.set(user, (members.get(user) ?? 0) + count);
      if (data === null) continue;
      const entry = decodeMemberData(data);
      if (instance === this.directory.id) ownData.set(user, entry);
      all.set(user, combineMemberData(all.get(user), entry));
    }
    for (const [user, count] of members) members.set(user, Math.max(1, count));
    return { members, anonymous, own, data: all, ownData, removed: dead.length > 0 };
  }

  override async keep(topic: string): Promise<boolean> {
    const rows = await this.link.query('SELECT FROM rt_presence WHERE topic = $1 AND instance = $2 LIMIT 1', [
      ...[topic, this.directory.id],
    ]);
    return rows.length > 0;
  }
}
