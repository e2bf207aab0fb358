import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import { Counters } from '../observability/counters.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { thrownText } from '../observability/thrown-text.js';
import { InvalidEventError } from '../publishing/errors.js';
import { EventsPublisher } from '../publishing/events-publisher.js';
import { Bell } from './bell.js';
import { ResolvedOutboxOptions } from './outbox-options.js';
import { NOTIFY_CHANNEL } from './outbox-schema.js';
import { OutboxTable, type OutboxRow } from './outbox-table.js';
import { sendInOrder, type Outcome } from './send-in-order.js';

/** How long one event may take, and for how long further ones are begun, in milliseconds: together less than rows are held. */
const SEND_MS = 8_000;
const BATCH_MS = 10_000;
/** How often is looked whether Redis is back, in milliseconds. */
const AWAY_MS = 200;
/** How long a channel that is not known here may be one of a newer version that is being deployed, in milliseconds. */
const UNKNOWN_MS = 300_000;
/** How long a shutdown waits for what was committed, in milliseconds. */
const SHUTDOWN_MS = 3_000;

/** Sends what stands in the outbox: in order per channel, and then removes it. Any number of processes may do so at once. */
@Injectable()
export class OutboxRelay
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new SafeLogger('RealtimeOutbox');
  private readonly bell = new Bell();
  /** Channels that are not known here → until when they are left to others, by `performance.now()`. */
  private readonly unknown = new Map<string, number>();
  private stopListening: () => Promise<void> = async () => undefined;
  private running: Promise<void> = Promise.resolve();
  private trouble = '';
  private ending = false;
  private ended = false;

  constructor(
    private readonly options: ResolvedOutboxOptions,
    private readonly events: EventsPublisher,
    private readonly bridge: RedisBridge,
    private readonly counters: Counters,
  ) {}

  /** @throws Error when the table is missing */
  async onModuleInit(): Promise<void> {
    try {
      await this.options.database.query('select id, tenant from realtime_outbox limit 0');
    } catch (error) {
      // No such table, or no such column; else it is away, and may come back.
      if (!['42P01', '42703'].includes(String((error as { code?: unknown }).code))) return;
      throw new Error(
        'There is no table realtime_outbox, or it is an old one: run the statements of OUTBOX_MIGRATION',
        {
          cause: error,
        },
      );
    }
  }

  async onApplicationBootstrap(): Promise<void> {
    const { relay, database } = this.options;
    if (!relay) return;
    this.stopListening = (await database.listen?.(NOTIFY_CHANNEL, () => this.bell.ring())) ?? this.stopListening;
    this.running = this.run();
  }

  /** What was committed is still sent; it goes on while connections are drained. */
  async beforeApplicationShutdown(): Promise<void> {
    this.ending = true;
    if (this.options.relay) await this.bell.quiet(SHUTDOWN_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.ended = true;
    this.bell.ring();
    await this.stopListening().catch(() => undefined); // its connection may be closed already
    await this.running;
  }

  /** Never rejects. */
  private async run(): Promise<void> {
    while (!this.ended) {
      const rung = this.bell.count;
      if (!this.bridge.status.up) {
        await this.bell.next(rung, AWAY_MS);
        continue;
      }
      const more = await this.round();
      // What waits is left for whoever comes next: its database or its broker may be closed already.
      if (more === null && this.ending) return this.bell.rest();
      if (more !== true) await this.bell.next(rung, this.options.pollIntervalMs);
    }
  }

  /** @returns whether there may be more to send at once; `null` when something is in the way */
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
      if (more !== null) this.tell('');
      return more;
    } catch (error) {
      this.tell(`The outbox cannot be read: ${thrownText(error)}`);
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
    const { id, key, channel, tenant, data, ageMs } = row;
    try {
      await this.events.publishJson(channel, data, {
        idempotencyKey: key,
        idempotencyMs: this.options.rememberMs,
        timeoutMs: SEND_MS,
        ...(tenant !== null && { tenant }),
      });
      this.counters.outboxSent += 1;
      return 'sent';
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof InvalidEventError)) {
        this.tell(`Events wait in the outbox: ${message}`);
        return 'waits';
      }
      if (error.field === 'channel' && ageMs < UNKNOWN_MS) {
        this.unknown.set(channel, performance.now() + UNKNOWN_MS - ageMs);
        return 'waits';
      }
      this.logger.error(`Event ${id} to ${channel} is set aside, for it can never be published: ${message}`);
      this.counters.outboxSetAside += 1;
      await table.setAside(id, message);
      return 'set aside';
    }
  }

  /** Says once what is in the way, and once that it is over. */
  private tell(trouble: string): void {
    if (trouble === this.trouble || (trouble !== '' && this.trouble !== '')) return;
    this.trouble = trouble;
    if (this.ending) return;
    if (trouble === '') this.logger.log('The outbox is sent again');
    else this.logger.warn(trouble);
  }
}
