import { StateStore, type LoadClaim, type LoadRight, type StoredState } from 'nestjs-realtime';
import type { Link } from './link.js';

/** A row for each state, and one for the right to load it. */
export class PostgresStateStore extends StateStore {
  constructor(private readonly link: Link) {
    super();
  }

  override async read(topic: string): Promise<StoredState | null> {
    const [row] = await this.link.query<{ epoch: string; number: string; loaded_at: number; json: string }>(
      'SELECT epoch, number, loaded_at, json FROM rt_states WHERE topic = $1 AND expires > clock_timestamp()',
      [topic],
    );
    if (row === undefined) return null;
    const position = { epoch: row.epoch, offset: Number(row.number) };
    return { position, json: row.json, loadedAt: row.loaded_at };
  }

  override async claim(topic: string, holder: string, leaseMs: number): Promise<LoadClaim> {
    await this.link.query('DELETE FROM rt_states WHERE expires <= clock_timestamp()');
    const [row] = await this.link.query<{ found: readonly [string, string?, string?] }>(
      'SELECT rt_claim_load($1, $2, $3) AS found',
      [topic, holder, leaseMs],
    );
    const [state, value, retryMs] = row!.found;
    if (state === 'granted') return { state, right: { holder, token: Number(value) } };
    return state === 'failed' ? { state, code: String(value), retryMs: Number(retryMs) } : { state: 'held' };
  }

  override async write(topic: string, state: StoredState, right: LoadRight, ttlMs: number): Promise<boolean> {
    const { position, json, loadedAt } = state;
    // One statement: between two, another instance would get the right to load and not find the state.
    const rows = await this.link.query(
      `WITH ended AS (DELETE FROM rt_loads WHERE topic = $1 AND holder = $8 AND code IS NULL)
       INSERT INTO rt_states VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 ms')
       ON CONFLICT (topic) DO UPDATE SET epoch = excluded.epoch, number = excluded.number, token = excluded.token,
         loaded_at = excluded.loaded_at, json = excluded.json, expires = excluded.expires
       WHERE rt_states.expires <= clock_timestamp() OR CASE
         WHEN rt_states.epoch = excluded.epoch AND rt_states.number <> excluded.number
         THEN rt_states.number < excluded.number ELSE rt_states.token <= excluded.token END
       RETURNING topic`,
      [topic, position.epoch, position.offset, right.token, loadedAt, json, ttlMs, right.holder],
    );
    return rows.length === 1;
  }

  override async fail(topic: string, { holder }: LoadRight, code: string, retryMs: number): Promise<void> {
    await this.link.query(
      `UPDATE rt_loads SET code = $3, ends = clock_timestamp() + $4 * interval '1 ms'
       WHERE topic = $1 AND holder = $2 AND code IS NULL`,
      [topic, holder, code, retryMs],
    );
  }
}
