import { randomBytes } from 'node:crypto';
import type { Position } from '../../protocol/index.js';
import { Counters } from '../observability/counters.js';
import { ForeignData } from '../observability/foreign-data.js';
import { runSafely, safely } from '../observability/run-safely.js';
import {
  Broker,
  type BrokerListener,
  type BrokerEvent,
  type BrokerStatus,
  type BrokerVitals,
  type HistoryWindow,
  type OutgoingEvent,
  type ReadLimits,
  type ReadResult,
} from './broker.js';
import { RealtimeUnavailableError } from './errors.js';
import { hasMovedAway, hasMovedSlot, isWrongType } from './redis/answers.js';
import { nodesOf, refreshSlots, type Client } from './redis/client.js';
import { Keys } from './redis/keys.js';
import { Publisher } from './redis/publisher.js';
import { Reader } from './redis/reader.js';
import { Receiver } from './redis/receiver.js';
import { databaseOf, type RedisTarget } from './redis/redis-target.js';
import { REDIS_TIMES, type RedisTimes } from './redis/redis-times.js';

/** How long a command of others than the broker may take, in milliseconds. */
const COMMAND_MS = 3_000;

/**
 * The broker over Redis 7 or later, or Valkey 8: one server, Sentinel or Cluster. Three connections: one publishes, one
 * subscribes, one reads (in a Cluster the publishing one does). See docs/delivery.md for what it promises and how.
 */
export class RedisBroker extends Broker {
  readonly keys: Keys;
  /** For what others read from Redis beside events. */
  readonly foreign: ForeignData;
  private readonly publisher: Publisher;
  private readonly receiver: Receiver;
  private readonly reader: Reader;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly onUps: (() => void)[] = [];
  private started = false;
  private closed = false;

  constructor(
    target: RedisTarget,
    prefix: string,
    counters: Counters = new Counters(),
    private readonly times: RedisTimes = REDIS_TIMES,
  ) {
    super();
    const instance = randomBytes(8).toString('hex');
    this.keys = new Keys(prefix, { isCluster: target.cluster !== undefined, database: databaseOf(target) });
    this.publisher = new Publisher(target, this.keys, instance, () => {
      for (const callback of this.onUps) callback();
    });
    this.foreign = new ForeignData(counters);
    this.reader = new Reader(target, this.keys, this.foreign, () => this.publisher.link.client);
    this.receiver = new Receiver(target, this.keys, {
      beat: this.keys.beat(instance),
      reader: this.reader,
      foreign: this.foreign,
      auditMs: times.auditMs,
    });
  }

  override start(): void {
    if (this.started || this.closed) return;
    this.started = true;
    for (const { link } of [this.publisher, this.receiver, this.reader]) link?.start();
    this.timers.push(
      setInterval(
        safely('The probe of Redis', () => {
          this.publisher.probe();
          this.receiver.probe();
          this.reader.probe();
        }),
        this.times.probeMs,
      ).unref(),
      setInterval(
        safely('The self-test of Redis', () => this.beat()),
        this.times.beatMs,
      ).unref(),
    );
  }

  override get status(): BrokerStatus {
    this.start(); // only a connection tells
    for (const { link } of [this.publisher, this.receiver, this.reader]) {
      if (link?.client === null) return { up: false, reason: `Redis cannot be used: ${link.reason}` };
    }
    const { refusal } = this.publisher.selfTest;
    return refusal === null ? { up: true } : { up: false, reason: `Redis takes no events: ${refusal}` };
  }

  override get vitals(): BrokerVitals {
    const { length, bytes } = this.publisher.queue;
    const beatAgeMs = Math.round(performance.now() - this.receiver.beatHeardAt);
    return { queuedEvents: length, queuedBytes: bytes, beatAgeMs };
  }

  override listen(listener: BrokerListener): void {
    this.receiver.listener = listener;
  }

  override publish(event: OutgoingEvent): Promise<Position | null> {
    if (this.closed) {
      return Promise.reject(
        new RealtimeUnavailableError('The application is shutting down: the event was not published'),
      );
    }
    this.start();
    return this.publisher.publish(event);
  }

  override subscribe(channel: string, history: HistoryWindow | null): Promise<Position | null> {
    this.start();
    return this.receiver.subscriber.add(channel, history !== null);
  }

  override async unsubscribe(channel: string): Promise<void> {
    await this.receiver.subscriber.remove(channel);
  }

  override read(channel: string, after: Position, limits: ReadLimits, withAt = false): Promise<ReadResult> {
    this.start();
    return this.reader.read(channel, after, limits, withAt);
  }

  override latest(channel: string, most: number): Promise<readonly BrokerEvent[]> {
    this.start();
    return this.reader.latest(channel, most);
  }

  override async hasSubscribers(channel: string): Promise<boolean> {
    if (this.receiver.subscriber.has(channel)) return true;
    if (this.publisher.link.client === null) return false;
    return (await this.listeners(channel)) > 0;
  }

  override async listeners(channel: string): Promise<number> {
    const pubsub = this.keys.pubsub(channel);
    const counts = await this.command((client) =>
      Promise.all(nodesOf(client).map((node) => node.pubsub('NUMSUB', pubsub).catch(() => [pubsub, 0]))),
    );
    return counts.reduce((sum, count) => sum + Number(count[1]), 0);
  }

  override async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) clearInterval(timer);
    this.publisher.close();
    this.receiver.close();
    this.reader.link?.close();
  }

  /** Calls back each time that {@link command} has become possible. */
  onUp(callback: () => void): void {
    this.onUps.push(callback);
  }

  /**
   * What else an installation keeps in Redis goes over the publishing connection. A command has an answer in time or
   * fails; one that failed may have been carried out.
   * @throws RealtimeUnavailableError
   */
  async command<T>(run: (client: Client) => Promise<T>): Promise<T> {
    this.start();
    const { link } = this.publisher;
    const { client } = link;
    if (client === null) throw new RealtimeUnavailableError(`Redis cannot be used: ${link.reason}`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('it does not answer')), COMMAND_MS);
    });
    try {
      return await Promise.race([run(client), late]);
    } catch (error) {
      const { message } = error as Error;
      if ('nodes' in client && hasMovedSlot(error as Error))
        runSafely('Refreshing the slots', () => refreshSlots(client));
      else if (hasMovedAway(error as Error) && link.client === client) link.reset(message);
      throw new RealtimeUnavailableError(`Redis cannot be used: ${message}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * {@link command} on one key. A value of another type there, which another process wrote, is deleted, and the command
   * runs again: else it would fail for as long as that value stays.
   * @throws RealtimeUnavailableError
   */
  async commandOn<T>(key: string, run: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await this.command(run);
    } catch (error) {
      const { cause } = error as Error;
      if (!isWrongType(cause)) throw error;
      this.foreign.skipped('A key', cause);
      await this.command((client) => client.del(key));
      return this.command(run);
    }
  }

  private async beat(): Promise<void> {
    if (this.publisher.link.client === null || this.receiver.link.client === null) return;
    const tookEvents = this.status.up; // nothing can be heard while nothing may be published
    await this.publisher.beat();
    const silent = performance.now() - this.receiver.beatHeardAt;
    if (silent > this.times.beatLostMs && tookEvents && this.status.up)
      this.receiver.link.reset(`nothing was heard through pub/sub for ${Math.round(silent / 1_000)} s`);
  }
}
