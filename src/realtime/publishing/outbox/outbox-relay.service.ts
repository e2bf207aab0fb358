import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { RedisBridge } from '../../delivery/redis-bridge.service.js';
import { Counters } from '../../observability/counters.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import { thrownText } from '../../observability/thrown-text.js';
import { InvalidEventError } from '../errors.js';
import { EventsPublisher } from '../events-publisher.js';
import { FinalEvents } from '../final-events.js';
import { WakeSignal } from './wake-signal.js';
import { ResolvedOutboxOptions } from './outbox-options.js';
import { NOTIFY_CHANNEL } from './outbox-schema.js';
import { OutboxTable, type OutboxRow } from './outbox-table.js';
import { sendInOrder, type Outcome } from './send-in-order.js';

/**
 * Time limit of one event, and time in which further events of a batch are started, in milliseconds. Together they are
 * less than the time for which rows are locked.
 */
const SEND_MS = 8_000;
const BATCH_MS = 10_000;
/** Interval in which the relay checks if Redis is available again, in milliseconds. */
const REDIS_DOWN_RETRY_MS = 200;
/** Time for which an unknown channel may belong to a newer version that is being deployed, in milliseconds. */
const UNKNOWN_MS = 300_000;
/** Time for which a shutdown waits for committed events, in milliseconds. */
const SHUTDOWN_MS = 3_000;

/** Sends the rows of the outbox, in order per channel, and then removes them. Any number of processes can do this at once. */
@Injectable()
export class OutboxRelay implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new SafeLogger('RealtimeOutbox');
  private readonly wakeSignal = new WakeSignal();
  /** Unknown channels, with the time until which they are left to other processes (`performance.now()`). */
  private readonly unknown = new Map<string, number>();
  private stopListening: () => Promise<void> = async () => undefined;
  private running: Promise<void> = Promise.resolve();
  private lastProblem = '';
  private ending = false;
  private ended = false;

  constructor(
    private readonly options: ResolvedOutboxOptions,
    private readonly events: EventsPublisher,
    private readonly bridge: RedisBridge,
    private readonly counters: Counters,
    private readonly finalEvents: FinalEvents,
  ) {}

  /** @throws Error if the table is missing or outdated */
  async onModuleInit(): Promise<void> {
    try {
      await this.options.database.query('select id, tenant, except_for from realtime_outbox limit 0');
    } catch (error) {
      // The table or a column is missing; other errors mean that the database is down, and may recover.
      if (!['42P01', '42703'].includes(String((error as { code?: unknown }).code))) return;
      throw new Error('The table realtime_outbox is missing or outdated: run the statements of OUTBOX_MIGRATION', {
        cause: error,
      });
    }
  }

  async onApplicationBootstrap(): Promise<void> {
    const { relay, database } = this.options;
    if (!relay) return;
    this.stopListening =
      (await database.listen?.(NOTIFY_CHANNEL, () => this.wakeSignal.notify())) ?? this.stopListening;
    this.running = this.run();
    this.finalEvents.add(async () => {
      this.ending = true;
      await this.wakeSignal.drain(SHUTDOWN_MS);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.ended = true;
    this.wakeSignal.notify();
    await this.stopListening().catch(() => undefined); // the connection may be closed already
    await this.running;
  }

  /** Never rejects. */
  private async run(): Promise<void> {
    while (!this.ended) {
      const seen = this.wakeSignal.count;
      if (!this.bridge.status.up) {
        await this.wakeSignal.next(seen, REDIS_DOWN_RETRY_MS);
        continue;
      }
      const more = await this.round();
      // The rest is left to the next relay, because the database or broker of this process may be closed already.
      if (more === null && this.ending) return this.wakeSignal.stop();
      if (more !== true) await this.wakeSignal.next(seen, this.options.pollIntervalMs);
    }
  }

  /** @returns true if there may be more to send at once; `null` after a failure */
  private async round(): Promise<boolean | null> {
    try {
      const { database } = this.options;
      const more =
        database.shared === false
          ? await this.send(new OutboxTable(database))
          : await database.transaction(async (statements) => {
              const table = new OutboxTable(statements);
              await table.limitHold();
              return this.send(table);
            });
      if (more !== null) this.logProblem('');
      return more;
    } catch (error) {
      this.logProblem(`The outbox cannot be read: ${thrownText(error)}`);
      return null;
    }
  }

  private async send(table: OutboxTable): Promise<boolean | null> {
    const now = performance.now();
    for (const [channel, until] of this.unknown) if (until < now) this.unknown.delete(channel);
    const rows = await table.take(this.options.batchSize, this.unknown.keys());
    const deadline = performance.now() + BATCH_MS;
    const outcomes = await sendInOrder(
      rows,
      (row) => this.sendOne(row, table),
      () => performance.now() <= deadline,
    );
    await table.remove(rows.filter((_row, index) => outcomes[index] === 'sent').map(({ id }) => id));
    if (outcomes.includes('waits')) return null;
    return rows.length === this.options.batchSize;
  }

  private async sendOne(row: OutboxRow, table: OutboxTable): Promise<Outcome> {
    const { id, key, channel, tenant, exceptFor, cause, data, ageMs } = row;
    try {
      const options = {
        idempotencyKey: key,
        idempotencyMs: this.options.rememberMs,
        timeoutMs: SEND_MS,
        ...(tenant !== null && { tenant }),
      };
      const origin = { exclusion: exceptFor ?? undefined, cause: cause ?? undefined };
      await this.events.publishJson(channel, data, options, origin);
      this.counters.outboxSent += 1;
      return 'sent';
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof InvalidEventError)) {
        this.logProblem(`Events wait in the outbox: ${message}`);
        return 'waits';
      }
      if (error.field === 'channel' && ageMs < UNKNOWN_MS) {
        this.unknown.set(channel, performance.now() + UNKNOWN_MS - ageMs);
        return 'waits';
      }
      this.logger.error(`Event ${id} to ${channel} is set aside because it can never be published: ${message}`);
      this.counters.outboxSetAside += 1;
      await table.setAside(id, message);
      return 'set aside';
    }
  }

  /** Logs a problem once, and its end once. */
  private logProblem(problem: string): void {
    if (problem === this.lastProblem || (problem !== '' && this.lastProblem !== '')) return;
    this.lastProblem = problem;
    if (this.ending) return;
    if (problem === '') this.logger.log('The outbox is being sent again');
    else this.logger.warn(problem);
  }
}
