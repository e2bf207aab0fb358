import { Injectable } from '@nestjs/common';
import { RealtimeOutbox, type RealtimeEvents, type StatePatch } from '../../realtime/index.js';
import { Database, type Statements } from './database.js';

/** Events of the platform: those of the built-in channels, and patches of its live resources. */
interface PlatformEvents extends RealtimeEvents {
  readonly applications: StatePatch;
}

/** Emits an event once the transaction is committed. */
export type Emit = <C extends keyof PlatformEvents, D extends PlatformEvents[C]>(channel: C, data: D) => Promise<void>;

/** Stores changes and their events in one transaction, through the outbox. */
@Injectable()
export class Changes {
  constructor(
    private readonly database: Database,
    private readonly outbox: RealtimeOutbox<PlatformEvents>,
  ) {}

  /** Runs a transaction. Its events are sent after the commit, even if this process dies in between. */
  make<T>(work: (statements: Statements, emit: Emit) => Promise<T>): Promise<T> {
    return this.database.transaction((statements) =>
      work(statements, (channel, data) => this.outbox.emit(statements, channel, data)),
    );
  }
}
