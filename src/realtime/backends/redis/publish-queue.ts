import type { Position } from '../../../protocol/index.js';
import { runSafely, safely } from '../../observability/run-safely.js';
import { RealtimeUnavailableError } from '../../broker/errors.js';
import { Lane, type Entry, type QueuedEvent } from './publish-lane.js';

export type { QueuedEvent } from './publish-lane.js';

/** Limits of the publish queue of one process. */
export const MAX_QUEUED_EVENTS = 20_000;
export const MAX_QUEUED_BYTES = 33_554_432;
/** Maximum number of scripts in flight. */
export const MAX_IN_FLIGHT = 512;
/** Interval of deadline checks, in milliseconds. */
const DEADLINE_CHECK_MS = 200;
/** Pause of a channel after Redis replied "not now", in milliseconds. Doubles with each failure. */
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 500;
const SHUTTING_DOWN = 'The application is shutting down';

/** The outcome of one attempt. */
export type Outcome =
  | { readonly kind: 'published'; readonly position: Position | null }
  /** Rejected permanently. */
  | { readonly kind: 'refused'; readonly reason: string; readonly mayBePublished: boolean }
  /**
   * Rejected temporarily, or unknown. The event is sent again after its channel paused, or after the connection was recreated.
   */
  | {
      readonly kind: 'again';
      readonly reason: string;
      readonly mayBePublished: boolean;
      readonly pause: 'channel' | 'all';
    };

export interface PublishQueueOptions<E> {
  /** Makes one attempt to publish events of one channel. Never throws, and writes before it returns its promise. */
  send(entries: readonly QueuedEvent<E>[]): Promise<readonly Outcome[]>;
  /** Combines everything that is written during the callback into one write. */
  writeTogether(write: () => void): void;
  /** The connection is unusable, and no script is in flight any more. The owner calls `run` once it is replaced. */
  onFailure(reason: string): void;
  /** Returns true if two events of a channel can be sent in one script. */
  canBatch(first: E, next: E): boolean;
  /** Returns the history size of the event's channel. */
  historySize(event: E): number;
}

/**
 * The queue of `emit`: first in, first out per channel, regardless of errors. Each channel has one script in flight, with at most
 * as many events as the channel keeps (at least 64, at most 256). Failed events are sent again before later ones. The queue is
 * limited by events, bytes and time.
 */
export class PublishQueue<E> {
  private readonly lanes = new Map<string, Lane<E>>();
  private readonly ready = new Set<Lane<E>>();
  private sending = 0;
  private queuedBytes = 0;
  private size = 0;
  private running = false;
  private isFailing = false;
  private scheduled = false;
  private lastFailure = 'Redis was not reached yet';
  private readonly timer = setInterval(
    safely('The time limit of events', () => this.expire(performance.now())),
    DEADLINE_CHECK_MS,
  ).unref();

  constructor(private readonly options: PublishQueueOptions<E>) {}

  /** Number of events that are waiting or in flight. */
  get length(): number {
    return this.size;
  }

  get bytes(): number {
    return this.queuedBytes;
  }

  /**
   * Adds an event.
   * @throws RealtimeUnavailableError at the deadline, or if the queue is full; the event will not be published later
   */
  add(event: E, topic: string, bytes: number, timeoutMs: number): Promise<Position | null> {
    if (this.size >= MAX_QUEUED_EVENTS || this.queuedBytes + bytes > MAX_QUEUED_BYTES) {
      return Promise.reject(
        new RealtimeUnavailableError(`The queue to Redis is full (${this.lastFailure}): the event was not published`),
      );
    }
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + timeoutMs;
      let lane = this.lanes.get(topic);
      if (lane === undefined) this.lanes.set(topic, (lane = this.newLane(topic)));
      lane.add({ event, topic, bytes, deadline, retry: false, resolve, reject, settled: false, sending: false });
      this.size += 1;
      this.queuedBytes += bytes;
      this.timer.ref(); // the process must not exit before its events are settled
      if (!lane.busy) this.ready.add(lane);
      this.schedule();
    });
  }

  /** Continues to send, after the connection is up. */
  run(): void {
    this.running = true;
    this.isFailing = false;
    this.schedule();
  }

  /** Stops sending, after the connection is lost. */
  pause(reason: string): void {
    this.running = false;
    this.lastFailure = reason;
  }

  close(): void {
    clearInterval(this.timer);
    this.running = false;
    for (const lane of this.lanes.values()) {
      for (const entry of lane.entries()) {
        this.reject(
          entry,
          `${SHUTTING_DOWN}: the event was not published`,
          `${SHUTTING_DOWN}: the event may have been published`,
        );
      }
      lane.close();
    }
    this.lanes.clear();
    this.ready.clear();
  }

  private newLane(topic: string): Lane<E> {
    return new Lane(
      topic,
      (first, next) => this.options.canBatch(first, next),
      (first) => this.options.historySize(first),
    );
  }

  /** Sends all events that were added in the same turn together. */
  private schedule(): void {
    if (this.scheduled || !this.running) return;
    this.scheduled = true;
    process.nextTick(this.flushBatched);
  }

  private readonly flushBatched = safely('Publishing the events of one turn', () => {
    this.scheduled = false;
    this.options.writeTogether(() => this.flush());
  });

  private flush(): void {
    if (!this.running) return;
    for (const lane of this.ready) {
      if (this.sending >= MAX_IN_FLIGHT) return;
      this.ready.delete(lane);
      const batch = lane.take();
      if (batch.length > 0) runSafely('Publishing events', () => this.sendBatch(lane, batch));
    }
  }

  private async sendBatch(lane: Lane<E>, batch: readonly Entry<E>[]): Promise<void> {
    this.sending += 1;
    const outcomes = await this.options.send(batch);
    this.sending -= 1;
    const again: Entry<E>[] = [];
    let pause: 'channel' | 'all' | null = null;
    for (const [index, entry] of batch.entries()) {
      const outcome = outcomes[index]!;
      entry.sending = false;
      if (outcome.kind === 'published') this.settle(entry, () => entry.resolve(outcome.position));
      else if (outcome.kind === 'refused') {
        const { reason, mayBePublished } = outcome;
        this.settle(entry, () => entry.reject(new RealtimeUnavailableError(reason, { mayBePublished })));
      } else {
        this.lastFailure = outcome.reason;
        entry.retry ||= outcome.mayBePublished;
        again.push(entry);
        ({ pause } = outcome);
      }
    }
    lane.putBack(again);
    if (pause === 'channel') {
      const delay = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** lane.failures);
      lane.pauseFor(delay, () => this.continueLane(lane));
    } else this.continueLane(lane);
    if (pause === 'all') {
      this.running = false;
      this.isFailing = true;
    } else if (pause === null) lane.failures = 0;
    if (this.isFailing && this.sending === 0) {
      this.isFailing = false;
      this.options.onFailure(this.lastFailure);
    }
    this.schedule();
  }

  private continueLane(lane: Lane<E>): void {
    if (lane.isEmpty) this.removeLane(lane);
    else {
      this.ready.add(lane);
      this.schedule();
    }
  }

  private removeLane(lane: Lane<E>): void {
    this.lanes.delete(lane.topic);
    this.ready.delete(lane);
  }

  private expire(now: number): void {
    for (const lane of this.lanes.values()) {
      for (const entry of lane.entries()) {
        if (entry.deadline > now) continue;
        this.reject(
          entry,
          `Not published in time: ${this.lastFailure}`,
          `Not acknowledged in time, it may have been published: ${this.lastFailure}`,
        );
      }
      lane.dropSettled();
      if (lane.isEmpty && !lane.busy) this.removeLane(lane);
    }
  }

  /** @param doubt the message if the event may have been published */
  private reject(entry: Entry<E>, reason: string, doubt: string): void {
    const mayBePublished = entry.retry || entry.sending;
    this.settle(entry, () =>
      entry.reject(new RealtimeUnavailableError(mayBePublished ? doubt : reason, { mayBePublished })),
    );
  }

  private settle(entry: Entry<E>, how: () => void): void {
    if (entry.settled) return;
    entry.settled = true;
    this.size -= 1;
    this.queuedBytes -= entry.bytes;
    if (this.size === 0) this.timer.unref();
    how();
  }
}
