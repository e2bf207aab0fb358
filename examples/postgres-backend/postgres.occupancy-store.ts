import {
  NOT_COUNTED,
  OccupancyStore,
  RealtimeUnavailableError,
  type Claim,
  type InstanceDirectory,
  type NextClaim,
} from 'nestjs-realtime';
import type { Link } from './link.js';

export class PostgresOccupancyStore extends OccupancyStore {
  constructor(
    private readonly link: Link,
    private readonly directory: InstanceDirectory,
  ) {
    super();
  }

  override async write(counts: ReadonlyMap<string, number | null>): Promise<void> {
    // The counts of an instance without a lease would be dropped as those of a dead one.
    if (this.directory.registrations === 0) throw new RealtimeUnavailableError('This instance is not registered yet');
    const gone = [...counts].filter(([, count]) => count === null).map(([key]) => key);
    const here = [...counts].filter((entry): entry is [string, number] => entry[1] !== null);
    await this.drop(this.directory.id, gone);
    await this.link.query(
      `INSERT INTO rt_counts SELECT key, $1, count FROM unnest($2::text[], $3::int[]) AS given (key, count)
       ON CONFLICT (instance, key) DO UPDATE SET count = excluded.count`,
      [this.directory.id, here.map(([key]) => key), here.map(([, count]) => count)],
    );
  }

  override async size(): Promise<number> {
    const [row] = await this.link.query<{ size: number }>(
      'SELECT count(*)::int AS size FROM rt_counts WHERE instance = $1',
      [this.directory.id],
    );
    return row!.size;
  }

  override async totals(keys: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    const rows = await this.link.query<{ key: string; total: number }>(
      `SELECT key, sum(count)::int AS total FROM rt_counts WHERE key = ANY ($1) AND count <> $2
       AND instance IN (SELECT id FROM rt_instances WHERE expires > now()) GROUP BY key`,
      [[...keys], NOT_COUNTED],
    );
    return new Map(rows.map(({ key, total }) => [key, total]));
  }

  override async claims(keys: Iterable<string>): Promise<ReadonlyMap<string, Claim>> {
    const rows = await this.link.query<{ key: string; state: Claim['state']; sequence: string; owner: string }>(
      'SELECT key, state, sequence, owner FROM rt_claims WHERE key = ANY ($1)',
      [[...keys]],
    );
    return new Map(rows.map(({ key, state, sequence, owner }) => [key, { state, sequence: Number(sequence), owner }]));
  }

  override async claim(
    key: string,
    expected: Claim | null,
    { state, owner, sequence }: NextClaim,
  ): Promise<Claim | null> {
    const from = [expected?.state ?? null, expected?.sequence ?? null, expected?.owner ?? null];
    const [row] = await this.link.query<{ sequence: string | null }>(
      'SELECT rt_claim($1, $2, $3, $4, $5, $6, $7) AS sequence',
      [key, ...from, state, owner, sequence],
    );
    return row!.sequence === null ? null : { state, owner, sequence: Number(row!.sequence) };
  }

  override async instances(): Promise<{ readonly living: readonly string[]; readonly dead: readonly string[] }> {
    const rows = await this.link.query<{ id: string; live: boolean }>(
      `SELECT DISTINCT instance AS id, EXISTS (SELECT FROM rt_instances WHERE id = instance AND expires > now()) AS live
       FROM rt_counts`,
    );
    const { id } = this.directory;
    const living = rows.filter((row) => row.live || row.id === id).map((row) => row.id);
    return { living, dead: rows.filter((row) => !living.includes(row.id)).map((row) => row.id) };
  }

  override async keysOf(instance: string, most: number): Promise<readonly string[]> {
    const rows = await this.link.query<{ key: string }>('SELECT key FROM rt_counts WHERE instance = $1 LIMIT $2', [
      ...[instance, most],
    ]);
    return rows.map(({ key }) => key);
  }

  override async drop(instance: string, keys: readonly string[]): Promise<void> {
    await this.link.query('DELETE FROM rt_counts WHERE instance = $1 AND key = ANY ($2)', [instance, keys]);
  }
}
