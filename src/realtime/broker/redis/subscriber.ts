import type { Redis } from 'ioredis';
import type { Position } from '../../../protocol/index.js';
import { runSafely, safely } from '../../observability/run-safely.js';
import { RealtimeUnavailableError } from '../errors.js';
import { hasMovedAway } from './answers.js';
import type { ChannelPosition } from './reader.js';

/** Channels of one SUBSCRIBE: a single command with 100,000 would stall every other client of that Redis. */
const BATCH = 512;
/** How long a channel that was just asked for may take, in milliseconds. */
const SUBSCRIBE_TIMEOUT_MS = 5_000;
/** A channel on which something comes in all the time is audited all the same: after this many intervals. */
const MOST_INTERVALS = 10;

export interface SubscriberSource {
  pubsub(channel: string): string;
  /** Where these channels stand, read after the subscription was acknowledged. */
  positions(client: Redis, channels: readonly string[]): Promise<readonly ChannelPosition[]>;
  /** Where a channel stands, on a fresh connection or in an audit. */
  onPosition(channel: string, position: ChannelPosition): void;
}

interface Wanted {
  readonly hasHistory: boolean;
  subscribed: boolean;
  /** Who waits for the first position. */
  waiters: { resolve(position: Position | null): void; reject(error: Error): void; readonly deadline: number }[];
  /** When its position is read if nothing comes in until then (`performance.now()`). */
  auditAt: number;
  /** When it is read whatever comes in: a process that only forges events must not keep the audit away. */
  auditBy: number;
}

/**
 * What this instance has subscribed to at Redis, over any number of connections: new channels of one turn go out
 * together, a fresh connection subscribes to all of them in batches, and quiet ones are looked after.
 */
export class Subscriber {
  private readonly channels = new Map<string, Wanted>();
  /** The channels that {@link work} has to subscribe or to read: it must not look at each of 100,000 for every new one. */
  private readonly pending = new Set<string>();
  private client: Redis | null = null;
  private working: Promise<void> | null = null;
  /** The connection whose channels are being audited. */
  private auditing: Redis | null = null;
  private readonly timer = setInterval(
    safely('The check of subscriptions', () => this.look(performance.now())),
    1_000,
  ).unref();

  constructor(
    private readonly source: SubscriberSource,
    private readonly onTrouble: (why: string) => void,
    private readonly auditMs: number,
  ) {}

  has(channel: string): boolean {
    return this.channels.has(channel);
  }

  /** @throws RealtimeUnavailableError when Redis does not answer in time */
  add(channel: string, hasHistory: boolean): Promise<Position | null> {
    let wanted = this.channels.get(channel);
    if (wanted === undefined) {
      wanted = { hasHistory, subscribed: false, waiters: [], auditAt: 0, auditBy: 0 };
      this.planAudit(wanted);
      this.channels.set(channel, wanted);
    }
    const { waiters } = wanted;
    this.pending.add(channel);
    return new Promise((resolve, reject) => {
      waiters.push({ resolve, reject, deadline: performance.now() + SUBSCRIBE_TIMEOUT_MS });
      runSafely('Subscribing at Redis', () => this.work());
    });
  }

  async remove(channel: string): Promise<void> {
    const wanted = this.channels.get(channel);
    this.channels.delete(channel);
    this.pending.delete(channel);
    if (wanted?.subscribed === true) await this.client?.unsubscribe(this.source.pubsub(channel));
  }

  /** Something came in on this channel. */
  heard(channel: string): void {
    const wanted = this.channels.get(channel);
    if (wanted !== undefined) wanted.auditAt = Math.min(this.nextAudit(), wanted.auditBy);
  }

  /** A fresh connection: nothing is subscribed on it yet. Resolves once everything is. */
  async up(client: Redis): Promise<void> {
    this.client = client;
    for (const [channel, wanted] of this.channels) {
      wanted.subscribed = false;
      this.pending.add(channel);
    }
    this.working = null;
    await this.work();
  }

  down(): void {
    this.client = null;
    this.working = null;
  }

  close(): void {
    clearInterval(this.timer);
    for (const { waiters } of this.channels.values()) {
      for (const waiter of waiters) waiter.reject(new RealtimeUnavailableError('The application is shutting down'));
    }
    this.channels.clear();
    this.pending.clear();
  }

  private work(): Promise<void> {
    const { client } = this;
    if (client === null) return Promise.resolve();
    this.working ??= this.subscribeAll(client).finally(() => {
      if (this.client === client) this.working = null;
    });
    return this.working;
  }

  private async subscribeAll(client: Redis): Promise<void> {
    await Promise.resolve(); // what is added in this turn goes out together
    for (;;) {
      const batch: string[] = [];
      for (const channel of this.pending) {
        batch.push(channel);
        if (batch.length === BATCH) break;
      }
      if (batch.length === 0 || this.client !== client) return;
      try {
        await this.subscribeBatch(client, batch);
      } catch (error) {
        if (this.client === client) this.onTrouble((error as Error).message);
        return;
      }
    }
  }

  private async subscribeBatch(client: Redis, batch: readonly string[]): Promise<void> {
    await client.subscribe(...batch.map((channel) => this.source.pubsub(channel)));
    const kept = batch.filter((channel) => this.channels.get(channel)?.hasHistory === true);
    // On the same connection: Redis has written every earlier message to it before this answer.
    const positions = kept.length === 0 ? [] : await this.source.positions(client, kept);
    if (this.client !== client) return;
    const byChannel = new Map(kept.map((channel, index) => [channel, positions[index]!]));
    for (const channel of batch) {
      this.pending.delete(channel);
      const wanted = this.channels.get(channel);
      if (wanted === undefined) {
        client.unsubscribe(this.source.pubsub(channel)).catch(() => undefined); // it left in the meantime
        continue;
      }
      const there = byChannel.get(channel) ?? null;
      const { waiters } = wanted;
      wanted.subscribed = true;
      wanted.waiters = [];
      this.planAudit(wanted);
      for (const waiter of waiters) waiter.resolve(there?.position ?? null);
      if (there !== null) this.source.onPosition(channel, there);
    }
  }

  private look(now: number): void {
    for (const [channel, wanted] of this.channels) {
      if (wanted.waiters.length > 0) this.expire(channel, wanted, now);
    }
    runSafely('The audit of quiet channels', () => this.audit(now));
  }

  /**
   * Reads the position of every channel that is due, the longest quiet one first. With any number of channels each is read
   * within 1.2 times the interval, and the time that Redis takes for 512 after 512 of them.
   */
  private async audit(now: number): Promise<void> {
    const { client } = this;
    if (client === null || this.auditing === client) return;
    this.auditing = client;
    const due: (readonly [string, Wanted])[] = [];
    for (const [channel, wanted] of this.channels) if (isDue(wanted, now)) due.push([channel, wanted]);
    due.sort((a, b) => a[1].auditAt - b[1].auditAt);
    try {
      for (let from = 0; from < due.length && this.client === client; from += BATCH) {
        // Some were heard of, or have left, while the ones before them were read.
        const channels = due
          .slice(from, from + BATCH)
          .filter(([channel, wanted]) => this.channels.get(channel) === wanted && isDue(wanted, now));
        await this.auditBatch(client, channels);
      }
    } catch (error) {
      // Any other error: the next look, or the next connection, reads them again.
      if (hasMovedAway(error as Error) && this.client === client) this.onTrouble((error as Error).message);
    } finally {
      if (this.auditing === client) this.auditing = null;
    }
  }

  private async auditBatch(client: Redis, quiet: readonly (readonly [string, Wanted])[]): Promise<void> {
    if (quiet.length === 0) return;
    const channels = quiet.map(([channel]) => channel);
    const positions = await this.source.positions(client, channels);
    if (this.client !== client) return;
    for (const [index, [channel, wanted]] of quiet.entries()) {
      this.planAudit(wanted);
      this.source.onPosition(channel, positions[index]!);
    }
  }

  private planAudit(wanted: Wanted): void {
    wanted.auditAt = this.nextAudit();
    wanted.auditBy = performance.now() + MOST_INTERVALS * this.auditMs;
  }

  private nextAudit(): number {
    return performance.now() + this.auditMs * (0.8 + 0.4 * Math.random());
  }

  private expire(channel: string, wanted: Wanted, now: number): void {
    const late = wanted.waiters.filter((waiter) => waiter.deadline <= now);
    if (late.length === 0) return;
    wanted.waiters = wanted.waiters.filter((waiter) => waiter.deadline > now);
    if (wanted.waiters.length === 0) this.pending.delete(channel);
    if (wanted.waiters.length === 0 && !wanted.subscribed) this.channels.delete(channel);
    for (const waiter of late) waiter.reject(new RealtimeUnavailableError('Redis does not answer'));
  }
}

function isDue({ hasHistory, subscribed, auditAt }: Wanted, now: number): boolean {
  return hasHistory && subscribed && auditAt <= now;
}
