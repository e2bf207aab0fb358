import { Injectable } from '@nestjs/common';
import { RealtimeOutbox, type ChannelName, type EventData } from '../../realtime/index.js';
import { Database, type Statements } from './database.js';

/** Tells of a change on a channel, once that is committed. */
export type Tell = <C extends ChannelName, D extends EventData<C>>(channel: C, data: D) => Promise<void>;

/** Stores changes together with what tells of them: both, or neither. */
@Injectable()
export class Changes {
  constructor(
    private readonly database: Database,
    private readonly outbox: RealtimeOutbox,
  ) {}

  /** A transaction. What is told in it is sent when it is committed, whatever happens to this process then. */
  make<T>(work: (statements: Statements, tell: Tell) => Promise<T>): Promise<T> {
    return this.database.transaction((statements) =>
      work(statements, (channel, data) => this.outbox.emit(statements, channel, data)),
    );
  }
}
