import { randomBytes } from 'node:crypto';
import type { Position } from '../../../protocol/index.js';
import { Counters } from '../../observability/counters.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { runSafely, safely } from '../../observability/run-safely.js';
import { withTimeout } from '../../timing/with-timeout.js';
import {
  Broker,
  type BrokerListener,
  type BrokerStatus,
  type BrokerEvent,
  type BrokerHealth,
  type HistoryPage,
  type HistoryWindow,
  type OutgoingEvent,
  type ReadLimits,
  type ReadResult,
} from '../../broker/broker.js';
import { RealtimeUnavailableError } from '../../broker/errors.js';
import { needsReconnect, hasMovedSlot, isWrongType } from './script-replies.js';
import { nodesOf, refreshSlots, type Client } from './client.js';
import { Keys } from './keys.js';
import { RedisPublishLink } from './publish-link.js';
import { Reader } from './reader.js';
import { RedisSubscribeLink } from './subscribe-link.js';
import type { RedisTarget } from './redis-address.js';
import { databaseOf } from './redis-target.js';
import { REDIS_INTERVALS, type RedisIntervals } from './redis-intervals.js';

/** Time limit for commands other than those of the broker, in milliseconds. */
const COMMAND_MS = 3_000;

/**
 * Broker for Redis 7 or later, or Valkey 8 or later: one server, Sentinel or Cluster. It has three connections, for publishing,
 * subscribing and reading. In a Cluster, the publishing connection also reads. See docs/delivery.md for its guarantees.
 */
export class RedisBroker extends Broker {
  readonly keys: Keys;
  private readonly publishLink: RedisPublishLink;
  private readonly subscribeLink: RedisSubscribeLink;
  private readonly reader: Reader;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly upListeners: (() => void)[] = [];
  private started = false;
  private closed = false;

  /** @param foreign for everything that is read from Redis */
  constructor(
    target: RedisTarget,
    prefix: string,
    readonly foreign = new ForeignData(new Counters()),
    private readonly intervals: RedisIntervals = REDIS_INTERVALS,
  ) {
    super();
    const instance = randomBytes(8).toString('hex');
    this.keys = new Keys(prefix, { isCluster: target.cluster !== undefined, database: databaseOf(target) });
    this.publishLink = new RedisPublishLink(target, this.keys, instance, () => {
      for (const callback of this.upListeners) callback();
    });
    this.reader = new Reader(target, this.keys, this.foreign, () => this.publishLink.connection.client);
    this.subscribeLink = new RedisSubscribeLink(target, this.keys, {
      selfPing: this.keys.selfPing(instance),
      reader: this.reader,
      foreign: this.foreign,
      auditMs: intervals.auditMs,
    });
  }

  override start(): void {
    if (this.started || this.closed) return;
    this.started = true;
    for (const { connection } of [this.publishLink, this.subscribeLink, this.reader]) connection?.start();
    this.timers.push(
      setInterval(
        safely('The probe of Redis', () => {
          this.publishLink.probe();
          this.subscribeLink.probe();
          this.reader.probe();
        }),
        this.intervals.probeMs,
      ).unref(),
      setInterval(
        safely('The self-test of Redis', () => this.checkSelfPing()),
        this.intervals.selfPingMs,
      ).unref(),
    );
  }

  override get status(): BrokerStatus {
    // The status of a broker that has not connected is unknown.
    this.start();
    for (const { connection } of [this.publishLink, this.subscribeLink, this.reader]) {
      if (connection?.client === null) return { up: false, reason: `Redis is unavailable: ${connection.reason}` };
    }
    const { refusal } = this.publishLink.selfTest;
    return refusal === null ? { up: true } : { up: false, reason: `Redis accepts no events: ${refusal}` };
  }

  override get health(): BrokerHealth {
    const { length, bytes } = this.publishLink.queue;
    const selfPingAgeMs = Math.round(performance.now() - this.subscribeLink.selfPingAt);
    return { queuedEvents: length, queuedBytes: bytes, selfPingAgeMs };
  }

  override listen(listener: BrokerListener): void {
    this.subscribeLink.listener = listener;
  }

  override publish(event: OutgoingEvent): Promise<Position | null> {
    if (this.closed) {
      return Promise.reject(
        new RealtimeUnavailableError('The application is shutting down: the event was not published'),
      );
    }
    this.start();
    return this.publishLink.publish(event);
  }

  override subscribe(topic: string, history: HistoryWindow | null): Promise<Position | null> {
    this.start();
    return this.subscribeLink.subscriptions.add(topic, history !== null);
  }

  override async unsubscribe(topic: string): Promise<void> {
    await this.subscribeLink.subscriptions.remove(topic);
  }

  override read(topic: string, after: Position, limits: ReadLimits, withAt = false): Promise<ReadResult> {
    this.start();
    return this.reader.read(topic, after, limits, withAt);
  }

  override page(topic: string, before: Position | null, limits: ReadLimits): Promise<HistoryPage | null> {
    this.start();
    return this.reader.page(topic, before, limits);
  }

  override latest(topic: string, most: number): Promise<readonly BrokerEvent[]> {
    this.start();
    return this.reader.latest(topic, most);
  }

  override async hasSubscribers(topic: string): Promise<boolean> {
    if (this.subscribeLink.subscriptions.has(topic)) return true;
    if (this.publishLink.connection.client === null) return false;
    return (await this.listeners(topic)) > 0;
  }

  override async listeners(topic: string): Promise<number> {
    const pubsub = this.keys.pubsub(topic);
    const counts = await this.command((client) =>
      Promise.all(nodesOf(client).map((node) => node.pubsub('NUMSUB', pubsub).catch(() => [pubsub, 0]))),
    );
    return counts.reduce((sum, count) => sum + Number(count[1]), 0);
  }

  override async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) clearInterval(timer);
    this.publishLink.close();
    this.subscribeLink.close();
    this.reader.connection?.close();
  }

  /** Registers a callback for each time that {@link command} becomes available. */
  onUp(callback: () => void): void {
    this.upListeners.push(callback);
  }

  /**
   * Runs a command on the publishing connection, for data other than events. The command completes in time or fails. After a
   * failure it may still have been executed.
   * @throws RealtimeUnavailableError
   */
  async command<T>(run: (client: Client) => Promise<T>): Promise<T> {
    this.start();
    const { connection } = this.publishLink;
    const { client } = connection;
    if (client === null) throw new RealtimeUnavailableError(`Redis is unavailable: ${connection.reason}`);
    try {
      return await withTimeout(run(client), COMMAND_MS, () => {
        throw new Error('it did not answer in time');
      });
    } catch (error) {
      const { message } = error as Error;
      if ('nodes' in client && hasMovedSlot(error as Error))
        runSafely('Refreshing the slots', () => refreshSlots(client));
      else if (needsReconnect(error as Error) && connection.client === client) connection.reset(message);
      throw new RealtimeUnavailableError(`Redis is unavailable: ${message}`, { cause: error });
    }
  }

  /**
   * Runs a {@link command} on one key. If another process stored a value of a different type there, the key is deleted and the
   * command runs again. Otherwise the command would fail until that value is removed.
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

  private async checkSelfPing(): Promise<void> {
    if (this.publishLink.connection.client === null || this.subscribeLink.connection.client === null) return;
    const tookEvents = this.status.up; // no self-ping can arrive while Redis accepts no events
    await this.publishLink.sendSelfPing();
    const silent = performance.now() - this.subscribeLink.selfPingAt;
    if (silent > this.intervals.selfPingLostMs && tookEvents && this.status.up)
      this.subscribeLink.connection.reset(`no message arrived through pub/sub for ${Math.round(silent / 1_000)} s`);
  }
}
