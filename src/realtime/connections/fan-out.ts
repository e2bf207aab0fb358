import { Injectable } from '@nestjs/common';
import { Counters } from '../observability/counters.js';
import { reportFailure, safely } from '../observability/run-safely.js';
import { beginDelivery } from '../observability/tracing.js';
import { channelOf, tenantOf } from '../tenants/topic.js';
import { ConnectionRegistry } from './connection-registry.js';
import { EventBatch, type EventFrame } from './event-frame.js';
import type { Subscription } from './subscription.js';

/** Maximum number of subscribers written to in one turn of the event loop, about 10 ms. */
const WRITES_PER_TURN = 1_000;
/** Maximum share of one channel before the next channel is served. */
const WRITES_PER_CHANNEL = 250;
/**
 * Number of subscribers whose objects are read before the first of them is written to. These objects are scattered in memory: the
 * processor can fetch several at once, but not across a system call.
 */
const PREFETCH = 32;

/** A batch of events, and the subscribers that have not received it yet. */
interface Delivery {
  readonly topic: string;
  readonly frames: readonly EventFrame[];
  readonly batch: EventBatch;
  readonly subscribers: ReadonlySet<Subscription>;
  readonly remaining: Iterator<Subscription>;
  /** The subscriber at which the last turn stopped. It may have left meanwhile. */
  next: Subscription | null;
  readonly endSpan: ((delivered: number) => void) | null;
  delivered: number;
  /** True during a write: a nested call relies on the outer one to reach all subscribers. */
  busy: boolean;
}

/**
 * Delivers events to all subscribers of their channel on this instance. Events that arrive in one turn of the event loop are
 * joined once and sent with a single write per subscriber at the end of the turn, because writes are nearly the whole cost of a
 * delivery. A channel with many subscribers is served over several turns, so that it does not block the others; events that
 * arrive meanwhile are joined for the next round. There is no timer: at low load nothing waits, at high load batches grow.
 */
@Injectable()
export class FanOut {
  /** By topic: events whose delivery has not started. */
  private readonly pending = new Map<string, EventFrame[]>();
  /** By topic: the delivery in progress. Later events of the topic wait for it. */
  private readonly inProgress = new Map<string, Delivery>();
  private scheduled = false;

  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly counters: Counters,
  ) {}

  deliver(topic: string, frame: EventFrame): void {
    const frames = this.pending.get(topic);
    if (frames === undefined) this.pending.set(topic, [frame]);
    else frames.push(frame);
    this.schedule();
  }

  /**
   * Sends the pending events of a topic. It must be called before a subscription goes live, and before a frame is sent that
   * depends on them.
   */
  flush(topic: string): void {
    const delivery = this.inProgress.get(topic);
    if (delivery?.busy === true) return;
    if (delivery !== undefined) this.continueDelivery(delivery, Infinity);
    const next = this.start(topic);
    if (next !== null) this.continueDelivery(next, Infinity);
  }

  flushAll(): void {
    for (const topic of [...this.inProgress.keys(), ...this.pending.keys()]) this.flush(topic);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.onTurn);
  }

  private readonly onTurn = safely('The delivery of one turn', () => this.runTurn());

  /** Serves each channel in turn, up to the limit of one turn. */
  private runTurn(): void {
    this.scheduled = false;
    for (const topic of this.pending.keys()) if (!this.inProgress.has(topic)) this.start(topic);
    let writes = 0;
    for (const delivery of this.inProgress.values()) {
      if (writes >= WRITES_PER_TURN) break;
      writes += this.continueDelivery(delivery, WRITES_PER_CHANNEL);
      // An unfinished delivery moves to the end of the queue, and this loop reaches it again.
      if (this.inProgress.delete(delivery.topic)) this.inProgress.set(delivery.topic, delivery);
    }
    if (this.inProgress.size > 0 || this.pending.size > 0) this.schedule();
  }

  private start(topic: string): Delivery | null {
    const frames = this.pending.get(topic);
    if (frames === undefined) return null;
    this.pending.delete(topic);
    const subscribers = this.registry.subscribersOf(topic);
    if (subscribers.size === 0) return null;
    const traced = frames.some(({ traceparent }) => traceparent !== undefined);
    const endSpan = traced
      ? beginDelivery(
          channelOf(topic),
          frames.map(({ traceparent }) => traceparent),
        )
      : null;
    const batch = new EventBatch(frames);
    const rest = subscribers.values();
    const delivery: Delivery = {
      ...{ topic, frames, batch, subscribers, remaining: rest, next: null },
      ...{ endSpan, delivered: 0, busy: false },
    };
    this.inProgress.set(topic, delivery);
    return delivery;
  }

  /**
   * Writes to at most this number of subscribers.
   * @returns the number of subscribers that it wrote to
   */
  private continueDelivery(delivery: Delivery, most: number): number {
    try {
      return this.write(delivery, most);
    } catch (error) {
      reportFailure('A delivery', error, () => this.abandon(delivery));
      return 0;
    }
  }

  /** Ends a failed delivery. It is unknown which subscribers received the batch, so all of them must reconnect and resume. */
  private abandon({ topic, subscribers }: Delivery): void {
    this.inProgress.delete(topic);
    for (const { connection } of [...subscribers]) connection.close?.('internal');
  }

  private write(delivery: Delivery, most: number): number {
    const { topic, frames, batch, subscribers, remaining, endSpan } = delivery;
    let delivered = 0;
    let writes = 0;
    delivery.busy = true;
    let next = delivery.next !== null && subscribers.has(delivery.next) ? delivery.next : nextOf(remaining);
    while (next !== null && writes < most) {
      const group: Subscription[] = [];
      const room = Math.min(PREFETCH, most - writes);
      for (; next !== null && group.length < room; next = nextOf(remaining)) group.push(next);
      delivered += sendTo(batch, group);
      writes += group.length;
    }
    delivery.next = next;
    // Detected in this turn, not in the next one: otherwise events that arrive meanwhile would wait without a reason.
    if (next === null) this.inProgress.delete(topic);
    delivery.busy = false;
    delivery.delivered += delivered;
    this.counters.delivered += delivered;
    if (this.inProgress.get(topic) === delivery) return writes;
    endSpan?.(delivery.delivered);
    if (delivery.delivered > 0) {
      this.counters.byTenant.add(tenantOf(topic), 'delivered', delivery.delivered);
      this.counters.measurements?.batch(topic, frames.length, delivery.delivered, frames[0]!.emittedAt);
    }
    return writes;
  }
}

/** @returns the number of queued events */
function sendTo(batch: EventBatch, group: readonly Subscription[]): number {
  const { frames, isLimited } = batch;
  const writers = group.map(({ connection }) => connection.sendBuffer.frameWriter);
  let queued = 0;
  group.forEach(({ feed, connection, view }, index) => {
    if (feed === null)
      queued += connection.sendBuffer.sendBatch(isLimited ? batch.viewedBy(view) : batch, writers[index] ?? null);
    else for (const frame of frames) feed.push(frame);
  });
  return queued;
}

function nextOf(rest: Iterator<Subscription>): Subscription | null {
  const next = rest.next();
  return next.done === true ? null : next.value;
}
