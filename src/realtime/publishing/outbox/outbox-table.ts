import type { OutboxRows } from './outbox-database.js';
import { NOTIFY_CHANNEL } from './outbox-schema.js';

/** A waiting event. */
export interface OutboxRow {
  readonly id: string;
  /** Idempotency key: the event is published once, even if it is sent several times. */
  readonly key: string;
  readonly channel: string;
  /** The tenant of the event; `null` if it has none. */
  readonly tenant: string | null;
  /** The connection that does not receive the event; `null` for none. */
  readonly exceptFor: string | null;
  /** Id of the call of a command that stored it; `null` for none. */
  readonly cause: string | null;
  /** JSON. */
  readonly data: string;
  /** Time since the event was stored, in milliseconds. */
  readonly ageMs: number;
}

/** State of the outbox. */
export interface OutboxStatus {
  /** Number of events that wait to be sent. */
  readonly waiting: number;
  /** Age of the oldest waiting event, in milliseconds; 0 if none waits. */
  readonly oldestMs: number;
  /** Number of events that were set aside because they can never be published. */
  readonly setAside: number;
}

/** Class of the advisory locks, of which each channel has one. An arbitrary constant. */
const LOCK = 727_101;

/**
 * Time limit of an idle transaction, in milliseconds. It is longer than a relay sends. A relay that was frozen for longer
 * loses its locks; its own time limits for sending have passed then.
 */
const HOLD_MS = 30_000;

/** Rows of the outbox, for one relay. Lists are passed as JSON, which works with every driver. */
export class OutboxTable {
  constructor(private readonly statements: OutboxRows) {}

  /** Makes the server end an idle transaction after {@link HOLD_MS}. */
  async limitHold(): Promise<void> {
    await this.statements.query(`set local idle_in_transaction_session_timeout = ${HOLD_MS}`);
  }

  /**
   * Returns the oldest rows of channels that no other relay works on. In a transaction these channels stay locked until
   * it ends, so each channel is sent by one relay at a time, which keeps its order.
   */
  async take(limit: number, without: Iterable<string>): Promise<OutboxRow[]> {
    const channels = await this.lockOldest(limit, [...without]);
    if (channels.length === 0) return [];
    // A separate statement, so that it sees rows that were committed before the channels were locked.
    return this.statements.query<OutboxRow>(
      `select id::text, key::text, channel, tenant, except_for as "exceptFor", cause, data::text, (extract(epoch from now() - created_at) * 1000)::float8 as "ageMs"
       from realtime_outbox where set_aside_at is null
         and channel in (select json_array_elements_text($2::text::json))
       order by realtime_outbox.id limit $1 for update skip locked`,
      [limit, JSON.stringify(channels)],
    );
  }

  /**
   * Locks the channels of the oldest rows. If other relays, one of which may be frozen, hold all of them, the next
   * channels are tried.
   */
  private async lockOldest(limit: number, without: string[]): Promise<string[]> {
    for (;;) {
      const candidates = await this.statements.query<{ channel: string; ours: boolean }>(
        `with oldest as materialized (
           select channel from realtime_outbox where set_aside_at is null
             and channel not in (select json_array_elements_text($2::text::json)) order by id limit $1
         ), candidates as materialized (select distinct channel from oldest)
         select channel, pg_try_advisory_xact_lock(${LOCK}, hashtext(channel)) as ours from candidates`,
        [limit, JSON.stringify(without)],
      );
      const ours = candidates.filter((candidate) => candidate.ours).map(({ channel }) => channel);
      if (ours.length > 0 || candidates.length === 0) return ours;
      without.push(...candidates.map(({ channel }) => channel));
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.statements.query(
      `delete from realtime_outbox where id in (select json_array_elements_text($1::text::json)::bigint)`,
      [JSON.stringify(ids)],
    );
  }

  async setAside(id: string, reason: string): Promise<void> {
    await this.statements.query(
      `update realtime_outbox set set_aside_at = now(), reason = $2 where id = $1::text::bigint`,
      [id, reason],
    );
  }

  async status(): Promise<OutboxStatus> {
    const [status] = await this.statements.query<OutboxStatus>(
      `select count(*) filter (where set_aside_at is null)::int as waiting,
         count(set_aside_at)::int as "setAside",
         coalesce(extract(epoch from now() - min(created_at) filter (where set_aside_at is null)) * 1000, 0)::float8 as "oldestMs"
       from realtime_outbox`,
    );
    return status!;
  }

  /** Puts rows that were set aside back into the queue. @returns their number */
  async retry(): Promise<number> {
    const rows = await this.statements.query(
      `update realtime_outbox set set_aside_at = null, reason = null where set_aside_at is not null returning id`,
    );
    await this.statements.query(`select pg_notify('${NOTIFY_CHANNEL}', '')`);
    return rows.length;
  }
}
