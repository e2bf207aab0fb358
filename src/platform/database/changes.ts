import { Injectable } from '@nestjs/common';
import { RealtimeOutbox, type ChannelName, type EventData } from '../../realtime/index.js';
import { Database, type Statements } from './database.js';

/** Emits an event once the transaction is committed. */
export type Emit = <C extends ChannelName, D extends EventData<C>>(channel: C, data: D) => Promise<void>;

/** Stores changes and their events in one transaction, through the outbox. */
@Injectable()
export class Changes {
  constructor(
    private readonly database: Database,
    private readonly outbox: RealtimeOutbox,
  ) {}

  /** Runs a transaction. Its events are sent after the commit, even if this process dies in between. */
  make<T>(work: (statements: Statements, emit: Emit) => Promise<T>): Promise<T> {
    return this.database.transaction((statements) =>
      work(statements, (channel, data) => this.outbox.emit(statements, channel, data)),
    );
  }
}
