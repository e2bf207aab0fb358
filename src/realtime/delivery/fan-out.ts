import { Injectable } from '@nestjs/common';
import { Counters } from '../observability/counters.js';
import { reportFailure, safely } from '../observability/run-safely.js';
import { beginDelivery } from '../observability/tracing.js';
import { channelOf, tenantOf } from '../tenants/topic.js';
import { BatchJoiner } from '../connections/batch-joiner.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { EventBatch, type EventFrame } from '../connections/event-frame.js';
import type { SharedFrame } from '../connections/shared-frame.js';
import type { Subscriber, Subscription } from '../connections/subscription.js';
import type { FrameWriter } from '../connections/transport.js';

/** Maximum number of connections written to in one turn of the event loop, about 10 ms. */
const WRITES_PER_TURN = 1_000;
/** Maximum number of deliveries in one turn: a connection with several channels gets several in one write. */
const DELIVERIES_PER_TURN = 10_000;
/** Maximum share of one channel before the next channel is served. */
const DELIVERIES_PER_CHANNEL = 250;
/**
 * Number of connections whose objects are read before the first of them is written to. These objects are scattered in memory: the
 * processor can fetch several at once, but not across a system call.
 */
const PREFETCH = 32;

/** A batch of events, and the subscribers that have not received it yet. */
interface Delivery {
  readonly topic: string;
  readonly batch: EventBatch;
  readonly subscribers: ReadonlySet<Subscription>;
  readonly remaining: Iterator<Subscription>;
  /** The subscriber at which the last turn stopped. It may have left meanwhile. */
  next: Subscription | null;
  readonly endSpan: ((delivered: number) => void) | null;
  /** True while its subscribers are served: a nested call relies on the outer one to reach all of them. */
  busy: boolean;
}

/** Writes collected in one turn of the event loop. */
class Turn {
  /** Connections that have something to be written. */
  readonly connections: Subscriber[] = [];
  /** Deliveries that reached their last subscriber. */
  readonly completed: Delivery[] = [];
  deliveries = 0;

  get isFull(): boolean {
    return this.connections.length >= WRITES_PER_TURN || this.deliveries >= DELIVERIES_PER_TURN;
  }
}

/**
 * Delivers events to all subscribers of their channel on this instance. Writes are nearly the whole cost of a delivery, so each
 * connection gets the events of all its channels in one turn of the event loop with a single write at the end of the turn. A
 * channel with many subscribers is served over several turns, so that it does not block the others; events that arrive meanwhile
 * are joined for the next round. There is no timer: at low load nothing waits, at high load batches grow.
 */
@Injectable()
export class FanOut {
  /** By topic: events whose delivery has not started. */
  private readonly pending = new Map<string, EventFrame[]>();
  /** By topic: the delivery in progress. Later events of the topic wait for it. */
  private readonly inProgress = new Map<string, Delivery>();
  /** Connections with frames that were collected by {@link collectFrame}. */
  private collected: Subscriber[] = [];
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

  /** Sends a frame of a stream to a connection at the end of this turn, with all others that it receives. */
  collectFrame(connection: Subscriber, frame: SharedFrame): void {
    if (!connection.sendBuffer.collectShared(frame)) return;
    this.collected.push(connection);
    this.schedule();
  }

  /**
   * Sends the pending events of a topic. It must be called before a subscription goes live, and before a frame is sent that
   * depends on them.
   */
  flush(topic: string): void {
    const delivery = this.inProgress.get(topic);
    if (delivery?.busy === true) return;
    const turn = new Turn();
    if (delivery !== undefined) this.serve(delivery, Infinity, turn);
    const next = this.start(topic);
    if (next !== null) this.serve(next, Infinity, turn);
    this.write(turn);
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
    const turn = new Turn();
    for (const delivery of this.inProgress.values()) {
      if (turn.isFull) break;
      this.serve(delivery, DELIVERIES_PER_CHANNEL, turn);
      // An unfinished delivery moves to the end of the queue, and this loop reaches it again.
      if (this.inProgress.delete(delivery.topic)) this.inProgress.set(delivery.topic, delivery);
    }
    this.write(turn);
    this.writeCollected();
    if (this.inProgress.size > 0 || this.pending.size > 0 || this.collected.length > 0) this.schedule();
  }

  private start(topic: string): Delivery | null {
    const frames = this.pending.get(topic);
    if (frames === undefined) return null;
    this.pending.delete(topic);
    const subscribers = this.registry.subscribersOf(topic);
    if (subscribers.size === 0) return null;
    const delivery: Delivery = {
      topic,
      batch: new EventBatch(frames, null, topic),
      subscribers,
      remaining: subscribers.values(),
      next: null,
      endSpan: spanOf(topic, frames),
      busy: false,
    };
    this.inProgress.set(topic, delivery);
    return delivery;
  }

  /** Serves at most this number of subscribers: those that are live get the batch when the turn is written. */
  private serve(delivery: Delivery, most: number, turn: Turn): void {
    delivery.busy = true;
    try {
      this.collect(delivery, most, turn);
    } catch (error) {
      reportFailure('A delivery', error, () => this.abandon(delivery));
    } finally {
      delivery.busy = false;
    }
  }

  private collect(delivery: Delivery, most: number, turn: Turn): void {
    const { batch, subscribers, remaining } = delivery;
    const { frames, isLimited } = batch;
    const isShared = !isLimited && !batch.isSelective;
    let served = 0;
    let next = delivery.next !== null && subscribers.has(delivery.next) ? delivery.next : nextOf(remaining);
    for (; next !== null && served < most; next = nextOf(remaining)) {
      const { feed, connection, view } = next;
      if (feed !== null) for (const frame of frames) feed.push(frame);
      else {
        const received = isShared ? batch : (isLimited ? batch.viewedBy(view) : batch).receivedBy(connection);
        if (received !== null && connection.sendBuffer.collect(received)) turn.connections.push(connection);
      }
      served += 1;
    }
    turn.deliveries += served;
    delivery.next = next;
    // Detected in this turn, not in the next one: otherwise events that arrive meanwhile would wait without a reason.
    if (next !== null) return;
    this.inProgress.delete(delivery.topic);
    turn.completed.push(delivery);
  }

  /** Ends a failed delivery. It is unknown which subscribers receive the batch, so all of them must reconnect and resume. */
  private abandon({ topic, subscribers }: Delivery): void {
    this.inProgress.delete(topic);
    for (const { connection } of [...subscribers]) connection.close?.('internal');
  }

  /** Writes the frames of streams, unless the events of the same connections took them along. */
  private writeCollected(): void {
    const { collected } = this;
    this.collected = collected.length > WRITES_PER_TURN ? collected.slice(WRITES_PER_TURN) : [];
    this.writeAll(collected.length > WRITES_PER_TURN ? collected.slice(0, WRITES_PER_TURN) : collected);
  }

  private write({ connections, completed }: Turn): void {
    this.writeAll(connections);
    for (const delivery of completed) this.complete(delivery);
  }

  private writeAll(connections: readonly Subscriber[]): void {
    const joiner = new BatchJoiner();
    const writers: (FrameWriter | null)[] = [];
    for (let from = 0; from < connections.length; from += PREFETCH) {
      const to = Math.min(from + PREFETCH, connections.length);
      for (let at = from; at < to; at += 1) writers[at - from] = connections[at]!.sendBuffer.frameWriter;
      for (let at = from; at < to; at += 1) writeTo(connections[at]!, writers[at - from]!, joiner);
    }
  }

  private complete({ topic, batch, endSpan }: Delivery): void {
    const { delivered, frames } = batch;
    endSpan?.(delivered);
    if (delivered === 0) return;
    this.counters.delivered += delivered;
    this.counters.byTenant.add(tenantOf(topic), 'delivered', delivered);
    this.counters.measurements?.batch(topic, frames.length, delivered, frames[0]!.emittedAt);
  }
}

function writeTo(connection: Subscriber, writer: FrameWriter | null, joiner: BatchJoiner): void {
  try {
    connection.sendBuffer.writeCollected(writer, joiner);
  } catch (error) {
    // It is unknown what it received, so it must reconnect and resume.
    reportFailure('A delivery to a connection', error, () => connection.close?.('internal'));
  }
}

function spanOf(topic: string, frames: readonly EventFrame[]): Delivery['endSpan'] {
  if (!frames.some(({ traceparent }) => traceparent !== undefined)) return null;
  return beginDelivery(
    channelOf(topic),
    frames.map(({ traceparent }) => traceparent),
  );
}

function nextOf(rest: Iterator<Subscription>): Subscription | null {
  const next = rest.next();
  return next.done === true ? null : next.value;
}
