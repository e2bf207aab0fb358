import { createHash, randomBytes } from 'node:crypto';
import type { Position } from '../../../protocol/index.js';
import { safely } from '../../observability/run-safely.js';
import {
  Broker,
  type BrokerEvent,
  type BrokerListener,
  type BrokerStatus,
  type BrokerHealth,
  type HistoryPage,
  type HistoryWindow,
  type OutgoingEvent,
  type ReadLimits,
  type ReadResult,
} from '../../broker/broker.js';
import { RealtimeUnavailableError } from '../../broker/errors.js';

/** How long an `idempotencyKey` is remembered, in milliseconds. */
const IDEMPOTENCY_MS = 300_000;
/** How long an unused channel without stored events keeps its epoch and offset, in milliseconds. */
const IDLE_CHANNEL_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Interval for removing expired entries, in milliseconds. */
const SWEEP_MS = 30_000;

/** The log of one channel. The last of `events` has the offset `offset`. */
interface ChannelLog {
  readonly epoch: string;
  /** The hour in which the log was created. */
  readonly hour: number;
  offset: number;
  events: BrokerEvent[];
  /** Number of readable events; `events` can contain older ones. */
  size: number;
  eventsExpireAt: number;
  usedAt: number;
}

/** The broker of a single process. It has the same guarantees as the Redis broker. */
export class MemoryBroker extends Broker {
  private readonly secret = randomBytes(16);
  /** Contains only channels that had an event or are subscribed to: a client must not fill the memory with invented names. */
  private readonly logs = new Map<string, ChannelLog>();
  private readonly subscribed = new Set<string>();
  /** Positions by channel and idempotency key. */
  private readonly keys = new Map<string, { readonly position: Position | null; readonly expiresAt: number }>();
  private readonly sweeper = setInterval(
    safely('The sweep of histories', () => this.sweep()),
    SWEEP_MS,
  ).unref();
  private listener: BrokerListener | null = null;
  private closed = false;

  /** @param now monotonic clock, in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {
    super();
  }

  override get status(): BrokerStatus {
    return this.closed ? { up: false, reason: 'The application is shutting down' } : { up: true };
  }

  override readonly health: BrokerHealth = { queuedEvents: 0, queuedBytes: 0, selfPingAgeMs: null };

  override listen(listener: BrokerListener): void {
    this.listener = listener;
  }

  override async publish(event: OutgoingEvent): Promise<Position | null> {
    if (this.closed)
      throw new RealtimeUnavailableError('The application is shutting down: the event was not published');
    const { topic, history, idempotencyKey, traceparent, idempotencyMs = IDEMPOTENCY_MS } = event;
    const key = idempotencyKey === undefined ? null : `${topic} ${idempotencyKey}`;
    const first = key === null ? undefined : this.keys.get(key);
    if (first !== undefined && first.expiresAt > this.now()) return first.position;

    const position = history === null ? null : this.append(event, history);
    if (key !== null) this.keys.set(key, { position, expiresAt: this.now() + idempotencyMs });
    if (this.subscribed.has(topic)) {
      const delivered = storedEvent(position, event);
      this.listener?.event(topic, traceparent === undefined ? delivered : { ...delivered, traceparent });
    }
    return position;
  }

  override async subscribe(topic: string, history: HistoryWindow | null): Promise<Position | null> {
    this.subscribed.add(topic);
    if (history === null) return null;
    const { epoch, offset } = this.log(topic);
    return { epoch, offset };
  }

  override async unsubscribe(topic: string): Promise<void> {
    this.subscribed.delete(topic);
    if (this.logs.get(topic)?.offset === 0) this.logs.delete(topic);
  }

  override async read(topic: string, after: Position, limits: ReadLimits): Promise<ReadResult> {
    const log = this.find(topic) ?? this.newLog(topic);
    const top = { epoch: log.epoch, offset: log.offset };
    if (after.epoch !== log.epoch && !this.precedes(after, topic, log))
      return { ok: false, reason: 'unknown_epoch', top };
    if (after.offset > log.offset) return { ok: false, reason: 'rewound', top };
    const missed = log.offset - after.offset;
    if (missed > Math.min(log.events.length, log.size)) return { ok: false, reason: 'expired', top };
    if (missed > limits.maxEvents) return { ok: false, reason: 'too_many', top };
    const events = missed === 0 ? [] : log.events.slice(-missed);
    const bytes = events.reduce((sum, event) => sum + Buffer.byteLength(event.body), 0);
    return bytes > limits.maxBytes ? { ok: false, reason: 'too_many', top } : { ok: true, events, top };
  }

  override async page(topic: string, before: Position | null, limits: ReadLimits): Promise<HistoryPage | null> {
    const log = this.find(topic) ?? this.newLog(topic);
    const top = { epoch: log.epoch, offset: log.offset };
    const end = before?.offset ?? top.offset + 1;
    if (end > 0 && (end > top.offset + 1 || (before ?? top).epoch !== top.epoch)) return null;
    const stored = log.events.slice(-log.size).filter(({ position }) => position!.offset < end);
    let bytes = 0;
    const tooMany = stored.findLastIndex(({ body }, index) => {
      bytes += Buffer.byteLength(body);
      const count = stored.length - index;
      return count > limits.maxEvents || (count > 1 && bytes > limits.maxBytes);
    });
    return { events: stored.slice(tooMany + 1), top, more: tooMany >= 0 };
  }

  override async hasSubscribers(topic: string): Promise<boolean> {
    return this.subscribed.has(topic);
  }

  override async listeners(topic: string): Promise<number> {
    return this.subscribed.has(topic) ? 1 : 0;
  }

  override async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.sweeper);
  }

  private append(event: OutgoingEvent, history: HistoryWindow): Position {
    const log = this.log(event.topic);
    log.offset += 1;
    const position = { epoch: log.epoch, offset: log.offset };
    log.size = history.size;
    log.events.push(storedEvent(position, event));
    // Trimmed in batches: a shift for every event would move the whole list each time.
    if (log.events.length >= 2 * history.size) log.events = log.events.slice(-history.size);
    log.eventsExpireAt = this.now() + history.ttlMs;
    return position;
  }

  private log(topic: string): ChannelLog {
    let log = this.find(topic);
    if (log === undefined) this.logs.set(topic, (log = this.newLog(topic)));
    return log;
  }

  private find(topic: string): ChannelLog | undefined {
    const now = this.now();
    const log = this.logs.get(topic);
    if (log === undefined) return undefined;
    if (log.eventsExpireAt <= now) {
      log.events = [];
      log.eventsExpireAt = Infinity;
    }
    log.usedAt = now;
    return log;
  }

  private newLog(topic: string): ChannelLog {
    const usedAt = this.now();
    const hour = Math.floor(usedAt / HOUR_MS);
    return {
      epoch: this.epochAt(topic, hour),
      hour,
      offset: 0,
      events: [],
      size: 0,
      eventsExpireAt: Infinity,
      usedAt,
    };
  }

  /**
   * Derives the epoch, so that a channel without events needs no memory. No two logs have the same epoch, because a log is kept
   * for a day after its last use.
   */
  private epochAt(topic: string, hour: number): string {
    return createHash('sha256').update(this.secret).update(`${hour} ${topic}`).digest('hex').slice(0, 12);
  }

  /** Returns true if the position was the initial position of this channel, less than a day before its log was created. */
  private precedes({ epoch, offset }: Position, topic: string, log: ChannelLog): boolean {
    if (offset !== 0) return false;
    for (let age = 1; age < IDLE_CHANNEL_MS / HOUR_MS; age += 1) {
      if (this.epochAt(topic, log.hour - age) === epoch) return true;
    }
    return false;
  }

  private sweep(): void {
    const now = this.now();
    for (const [key, { expiresAt }] of this.keys) {
      if (expiresAt <= now) this.keys.delete(key);
    }
    for (const [topic, log] of this.logs) {
      if (log.eventsExpireAt <= now) {
        log.events = [];
        log.eventsExpireAt = Infinity;
      }
      if (log.events.length === 0 && log.usedAt + IDLE_CHANNEL_MS <= now && !this.subscribed.has(topic))
        this.logs.delete(topic);
    }
  }
}

function storedEvent(position: Position | null, { body, hints }: OutgoingEvent): BrokerEvent {
  return hints === undefined ? { position, body } : { position, body, hints };
}
