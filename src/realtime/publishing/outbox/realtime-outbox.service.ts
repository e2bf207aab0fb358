import { Injectable } from '@nestjs/common';
import type { RealtimeEvents } from '../../../protocol/index.js';
import type { EmitOptions } from '../emit-options.js';
import { EventsPublisher } from '../events-publisher.js';
import { channelOfUser } from '../user-id.js';
import type { OutboxStatements } from './outbox-database.js';
import { ResolvedOutboxOptions } from './outbox-options.js';
import { OutboxTable, type OutboxStatus } from './outbox-table.js';

/**
 * Emits events as part of a database transaction: an event is stored with the change, and a relay sends it after the
 * commit. `E` is the event map, as in {@link EventsPublisher}.
 * @hideconstructor
 */
@Injectable()
export class RealtimeOutbox<E extends RealtimeEvents = RealtimeEvents> {
  private readonly table: OutboxTable;

  constructor(
    private readonly events: EventsPublisher,
    { database }: ResolvedOutboxOptions,
  ) {
    this.table = new OutboxTable(database);
  }

  /**
   * Stores one event. It is sent if and only if the transaction commits.
   * @param statements runs statements in the transaction: a client of `pg`, TypeORM's `manager`, or
   * `{ query: (sql, parameters) => … }` around anything else
   * @throws InvalidEventError for an unknown channel, or data that cannot be sent
   */
  async emit<C extends keyof E & string, D extends E[C]>(
    statements: OutboxStatements,
    channel: C,
    data: D,
    options: Pick<EmitOptions, 'tenant' | 'except'> = {},
  ): Promise<void> {
    await this.store(statements, channel, data, options);
  }

  /** {@link emit} to the private channel of a user. */
  async emitToUser(
    statements: OutboxStatements,
    userId: string,
    data: unknown,
    options: Pick<EmitOptions, 'tenant' | 'except'> = {},
  ): Promise<void> {
    await this.store(statements, channelOfUser(userId), data, options);
  }

  /**
   * Validates an event and returns the values of a row of `realtime_outbox`, to be inserted with your query builder;
   * `data` is JSON.
   * @throws InvalidEventError
   */
  row<C extends keyof E & string, D extends E[C]>(
    channel: C,
    data: D,
    options: Pick<EmitOptions, 'tenant' | 'except'> = {},
  ): { channel: string; data: string; tenant: string | null; except_for?: string; cause?: string } {
    const { json, tenant, exclusion, cause } = this.events.serialise(channel, data, options);
    return {
      ...{ channel, data: json, tenant },
      ...(exclusion !== null && { except_for: exclusion }),
      ...(cause !== null && { cause }),
    };
  }

  /** Returns the state of the outbox, for health checks and metrics. */
  status(): Promise<OutboxStatus> {
    return this.table.status();
  }

  /** Sends events that were set aside again, for example after the reason was fixed. @returns their number */
  retry(): Promise<number> {
    return this.table.retry();
  }

  private async store(
    statements: OutboxStatements,
    channel: string,
    data: unknown,
    options: Pick<EmitOptions, 'tenant' | 'except'>,
  ): Promise<void> {
    const { json, tenant, exclusion, cause } = this.events.serialise(channel, data, options);
    const sql =
      'insert into realtime_outbox (channel, data, tenant, except_for, cause) values ($1, $2::text::json, $3, $4, $5)';
    await statements.query(sql, [channel, json, tenant, exclusion, cause]);
  }
}
