import { Injectable } from '@nestjs/common';
import { Counters } from '../observability/counters.js';
import { beginDelivery } from '../observability/tracing.js';
import { channelOf } from '../tenants/topic.js';
import { ConnectionRegistry } from './connection-registry.js';
import { EventBatch, type EventFrame } from './event-frame.js';

/**
 * Gives events to every subscriber of their channel on this instance. What comes in during one turn of the loop is
 * joined once and leaves in a single write per subscriber at its end: the write is nearly the whole cost of a delivery.
 * No timer: at low load nothing waits, at high load the batches grow by themselves.
 */
@Injectable()
export class FanOut {
  /** topic → what came in during this turn */
  private readonly pending = new Map<string, EventFrame[]>();

  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly counters: Counters,
  ) {}

  deliver(topic: string, frame: EventFrame): void {
    const frames = this.pending.get(topic);
    if (frames !== undefined) frames.push(frame);
    else {
      if (this.pending.size === 0) setImmediate(() => this.flushAll());
      this.pending.set(topic, [frame]);
    }
  }

  /** Sends what this topic holds back: it must be called before anyone joins its live subscribers, and before anything is told that comes after it. */
  flush(topic: string): void {
    const frames = this.pending.get(topic);
    if (frames === undefined) return;
    this.pending.delete(topic);
    const subscribers = this.registry.subscribersOf(topic);
    if (subscribers.size === 0) return;
    const batch = new EventBatch(frames);
    const traced = frames.some(({ traceparent }) => traceparent !== undefined);
    const endSpan = traced
      ? beginDelivery(
          channelOf(topic),
          frames.map(({ traceparent }) => traceparent),
        )
      : null;
    let delivered = 0;
    for (const { feed, connection } of subscribers) {
      if (feed === null) delivered += connection.outbox.sendBatch(batch);
      else for (const frame of frames) feed.push(frame);
    }
    endSpan?.(delivered);
    this.counters.delivered += delivered;
    if (delivered > 0) this.counters.measurements?.batch(topic, frames.length, delivered, frames[0]!.emittedAt);
  }

  flushAll(): void {
    for (const topic of this.pending.keys()) this.flush(topic);
  }
}
