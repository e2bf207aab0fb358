import { Injectable } from '@nestjs/common';
import { userChannel, type ChannelName, type EventData } from '../../protocol/index.js';
import { EventsPublisher } from '../publishing/events-publisher.js';
import type { OutboxStatements } from './outbox-database.js';
import { ResolvedOutboxOptions } from './outbox-options.js';
import { OutboxTable, type OutboxStatus } from './outbox-table.js';

/** Emits as a part of a transaction: the event is stored with the change, and a relay sends it once that is committed. */
@Injectable()
export class RealtimeOutbox {
  private readonly table: OutboxTable;

  constructor(
    private readonly events: EventsPublisher,
    { database }: ResolvedOutboxOptions,
  ) {
    this.table = new OutboxTable(database);
  }

  /**
   * Stores one event. It is sent if and only if the transaction is committed.
   * @param statements what runs statements in the transaction: a client of `pg`, TypeORM's `manager`, or
   *   `{ query: (sql, parameters) => … }` around anything else
   * @throws InvalidEventError for an unknown channel, or data that cannot be sent
   */
  async emit<C extends ChannelName, D extends EventData<C>>(
    statements: OutboxStatements,
    channel: C,
    data: D,
  ): Promise<void> {
    const row = this.row(channel, data);
    const sql = 'insert into realtime_outbox (channel, data) values ($1, $2::text::json)';
    await statements.query(sql, [row.channel, row.data]);
  }

  /** {@link emit} to the private channel of a user. */
  async emitToUser(statements: OutboxStatements, userId: string, data: unknown): Promise<void> {
    await this.emit(statements, (userChannel(userId) ?? `user:${userId}`) as `user:${string}`, data);
  }

  /**
   * The checked values of a row of `realtime_outbox`, to be inserted by a query builder of your own; `data` is JSON.
   * @throws InvalidEventError
   */
  row<C extends ChannelName, D extends EventData<C>>(channel: C, data: D): { channel: string; data: string } {
    return { channel, data: this.events.serialise(channel, data) };
  }

  /** What stands in the outbox, for health checks and figures. */
  status(): Promise<OutboxStatus> {
    return this.table.status();
  }

  /** Sends what was set aside once more, for when its reason is gone. @returns how many events that are */
  retry(): Promise<number> {
    return this.table.retry();
  }
}
