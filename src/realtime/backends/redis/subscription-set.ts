import type { Redis } from 'ioredis';
import type { Position } from '../../../protocol/index.js';
import { runSafely, safely } from '../../observability/run-safely.js';
import { RealtimeUnavailableError } from '../../broker/errors.js';
import { needsReconnect } from './script-replies.js';
import type { ChannelPosition } from './reader.js';

/** Maximum number of channels in one SUBSCRIBE. A single command with 100,000 would block all other clients of that Redis. */
const BATCH = 512;
/** Time limit for a new subscription, in milliseconds. */
const SUBSCRIBE_TIMEOUT_MS = 5_000;
/** A channel with constant traffic is audited after this number of intervals. */
const MAX_INTERVALS = 10;

export interface SubscriptionSource {
  pubsub(topic: string): string;
  /** Returns the positions of these channels, read after the subscription was acknowledged. */
  positions(client: Redis, topics: readonly string[]): Promise<readonly ChannelPosition[]>;
  /** Reports the position of a channel, read on a new connection or in an audit. */
  onPosition(topic: string, position: ChannelPosition): void;
}

interface TopicState {
  readonly hasHistory: boolean;
  subscribed: boolean;
  /** Callers that wait for the first position. */
  waiters: { resolve(position: Position | null): void; reject(error: Error): void; readonly deadline: number }[];
  /** Time at which the position is read if no event arrives before (`performance.now()`). */
  auditAt: number;
  /** Time at which the position is read even if events arrive: a process that forges events must not prevent the audit. */
  auditBy: number;
}

/**
 * The Redis subscriptions of this instance, independent of connections. New channels of one turn are subscribed together, a new
 * connection subscribes to all channels in batches, and quiet channels are audited.
 */
export class SubscriptionSet {
  private readonly topics = new Map<string, TopicState>();
  /** Channels that must be subscribed or read by {@link subscribePending}. It must not scan 100,000 channels for each new one. */
  private readonly pending = new Set<string>();
  private client: Redis | null = null;
  private subscribing: Promise<void> | null = null;
  /** The connection whose channels are being audited. */
  private auditing: Redis | null = null;
  private readonly timer = setInterval(
    safely('The check of subscriptions', () => this.check(performance.now())),
    1_000,
  ).unref();

  constructor(
    private readonly source: SubscriptionSource,
    private readonly onFailure: (reason: string) => void,
    private readonly auditMs: number,
  ) {}

  has(topic: string): boolean {
    return this.topics.has(topic);
  }

  /** @throws RealtimeUnavailableError if Redis does not reply in time */
  add(topic: string, hasHistory: boolean): Promise<Position | null> {
    let wanted = this.topics.get(topic);
    if (wanted === undefined) {
      wanted = { hasHistory, subscribed: false, waiters: [], auditAt: 0, auditBy: 0 };
      this.scheduleAudit(wanted);
      this.topics.set(topic, wanted);
    }
    const { waiters } = wanted;
    this.pending.add(topic);
    return new Promise((resolve, reject) => {
      waiters.push({ resolve, reject, deadline: performance.now() + SUBSCRIBE_TIMEOUT_MS });
      runSafely('Subscribing at Redis', () => this.subscribePending());
    });
  }

  async remove(topic: string): Promise<void> {
    const wanted = this.topics.get(topic);
    this.topics.delete(topic);
    this.pending.delete(topic);
    if (wanted?.subscribed === true) await this.client?.unsubscribe(this.source.pubsub(topic));
  }

  /** Records that an event arrived on this channel, which postpones its audit. */
  noteTraffic(topic: string): void {
    const wanted = this.topics.get(topic);
    if (wanted !== undefined) wanted.auditAt = Math.min(this.nextAudit(), wanted.auditBy);
  }

  /** Subscribes to all channels on a new connection. Resolves when all are subscribed. */
  async up(client: Redis): Promise<void> {
    this.client = client;
    for (const [topic, wanted] of this.topics) {
      wanted.subscribed = false;
      this.pending.add(topic);
    }
    this.subscribing = null;
    await this.subscribePending();
  }

  down(): void {
    this.client = null;
    this.subscribing = null;
  }

  close(): void {
    clearInterval(this.timer);
    for (const { waiters } of this.topics.values()) {
      for (const waiter of waiters) waiter.reject(new RealtimeUnavailableError('The application is shutting down'));
    }
    this.topics.clear();
    this.pending.clear();
  }

  private subscribePending(): Promise<void> {
    const { client } = this;
    if (client === null) return Promise.resolve();
    this.subscribing ??= this.subscribeAll(client).finally(() => {
      if (this.client === client) this.subscribing = null;
    });
    return this.subscribing;
  }

  private async subscribeAll(client: Redis): Promise<void> {
    // Channels that are added in this turn are subscribed together.
    await Promise.resolve();
    for (;;) {
      const batch: string[] = [];
      for (const topic of this.pending) {
        batch.push(topic);
        if (batch.length === BATCH) break;
      }
      if (batch.length === 0 || this.client !== client) return;
      try {
        await this.subscribeBatch(client, batch);
      } catch (error) {
        if (this.client === client) this.onFailure((error as Error).message);
        return;
      }
    }
  }

  private async subscribeBatch(client: Redis, batch: readonly string[]): Promise<void> {
    await client.subscribe(...batch.map((topic) => this.source.pubsub(topic)));
    const kept = batch.filter((topic) => this.topics.get(topic)?.hasHistory === true);
    // Read on the same connection: Redis has already sent all earlier messages on it.
    const positions = kept.length === 0 ? [] : await this.source.positions(client, kept);
    if (this.client !== client) return;
    const byChannel = new Map(kept.map((topic, index) => [topic, positions[index]!]));
    for (const topic of batch) {
      this.pending.delete(topic);
      const wanted = this.topics.get(topic);
      if (wanted === undefined) {
        // The channel was removed in the meantime.
        client.unsubscribe(this.source.pubsub(topic)).catch(() => undefined);
        continue;
      }
      const there = byChannel.get(topic) ?? null;
      const { waiters } = wanted;
      wanted.subscribed = true;
      wanted.waiters = [];
      this.scheduleAudit(wanted);
      for (const waiter of waiters) waiter.resolve(there?.position ?? null);
      if (there !== null) this.source.onPosition(topic, there);
    }
  }

  private check(now: number): void {
    for (const [topic, wanted] of this.topics) {
      if (wanted.waiters.length > 0) this.expire(topic, wanted, now);
    }
    runSafely('The audit of quiet channels', () => this.audit(now));
  }

  /**
   * Reads the position of every channel that is due, the one that was quiet longest first. Each of any number of channels is read
   * within 1.2 times the interval, plus the time that Redis takes for all batches of 512.
   */
  private async audit(now: number): Promise<void> {
    const { client } = this;
    if (client === null || this.auditing === client) return;
    this.auditing = client;
    const due: (readonly [string, TopicState])[] = [];
    for (const [topic, wanted] of this.topics) if (isDue(wanted, now)) due.push([topic, wanted]);
    due.sort((a, b) => a[1].auditAt - b[1].auditAt);
    try {
      for (let from = 0; from < due.length && this.client === client; from += BATCH) {
        // Some channels received an event, or were removed, during the previous reads.
        const topics = due
          .slice(from, from + BATCH)
          .filter(([topic, wanted]) => this.topics.get(topic) === wanted && isDue(wanted, now));
        await this.auditBatch(client, topics);
      }
    } catch (error) {
      // After any other error, the next check or the next connection reads them again.
      if (needsReconnect(error as Error) && this.client === client) this.onFailure((error as Error).message);
    } finally {
      if (this.auditing === client) this.auditing = null;
    }
  }

  private async auditBatch(client: Redis, quiet: readonly (readonly [string, TopicState])[]): Promise<void> {
    if (quiet.length === 0) return;
    const topics = quiet.map(([topic]) => topic);
    const positions = await this.source.positions(client, topics);
    if (this.client !== client) return;
    for (const [index, [topic, wanted]] of quiet.entries()) {
      this.scheduleAudit(wanted);
      this.source.onPosition(topic, positions[index]!);
    }
  }

  private scheduleAudit(wanted: TopicState): void {
    wanted.auditAt = this.nextAudit();
    wanted.auditBy = performance.now() + MAX_INTERVALS * this.auditMs;
  }

  private nextAudit(): number {
    return performance.now() + this.auditMs * (0.8 + 0.4 * Math.random());
  }

  private expire(topic: string, wanted: TopicState, now: number): void {
    const late = wanted.waiters.filter((waiter) => waiter.deadline <= now);
    if (late.length === 0) return;
    wanted.waiters = wanted.waiters.filter((waiter) => waiter.deadline > now);
    if (wanted.waiters.length === 0) this.pending.delete(topic);
    if (wanted.waiters.length === 0 && !wanted.subscribed) this.topics.delete(topic);
    for (const waiter of late) waiter.reject(new RealtimeUnavailableError('Redis does not answer'));
  }
}

function isDue({ hasHistory, subscribed, auditAt }: TopicState, now: number): boolean {
  return hasHistory && subscribed && auditAt <= now;
}
