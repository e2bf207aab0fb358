import { formatPosition, type Position, type RecoveryReason } from '../../protocol/index.js';
import type { ReadLimits } from '../broker/broker.js';
import type { EventFrame } from '../connections/event-frame.js';
import type { Waiter } from '../connections/send-buffer.js';
import { CLOSED_FEED, type Feed, type Subscription } from '../connections/subscription.js';
import { runSafely } from '../observability/run-safely.js';
import { sleep } from '../timing/retry.js';

/** The events that a client missed, or the reason why they cannot be replayed. */
export type ReplayResult =
  | { readonly ok: true; readonly frames: readonly EventFrame[]; readonly top: Position }
  | { readonly ok: false; readonly reason: RecoveryReason; readonly top: Position };

/** The last events of a channel. */
export interface LastEvents {
  readonly frames: readonly EventFrame[];
  /** Position before the first of them. */
  readonly from: Position;
  readonly top: Position;
}

/** A channel, as seen by a catch-up. */
export interface CatchUpSource {
  /** Position of this instance. */
  readonly position: Position | null;
  /** Pushes the events that this instance has received but not fanned out yet. */
  flush(): void;
  /** @throws Error if the broker does not answer */
  readAfter(position: Position): Promise<ReplayResult>;
  /** @throws Error if the broker does not answer */
  readLast(count: number): Promise<LastEvents>;
}

/** Delay before another read if the broker did not answer, in milliseconds. */
const RETRY_MS = 500;
/** Memory of a frame in addition to its bytes, in bytes. Measured. */
const FRAME_OVERHEAD = 500;

/**
 * Brings one subscription from its position to live delivery: first the missed events, then the events that arrived
 * during the replay. The client's reading speed sets the pace. Memory is bounded: events that do not fit are dropped
 * and read again later.
 */
export class CatchUp implements Feed, Waiter {
  private queue: EventFrame[] = [];
  /** Number of frames at the start of the queue that were sent. */
  private head = 0;
  private queuedBytes = 0;
  /** Events that arrived during the current read of the history; `null` if no read is running. */
  private arrivedDuringRead: EventFrame[] | null = null;
  /** True if later events were dropped from the queue and must be read again. */
  private mustReread = false;
  /** The client asked for the last events up to here. They are its state, so it also receives those that it sent. */
  private stateEndsAt: Position | null = null;
  private started = false;
  private running = false;

  /** @param at the client's position; `null` without history */
  constructor(
    private readonly subscription: Subscription,
    private readonly source: CatchUpSource,
    private readonly limits: ReadLimits,
    private at: Position | null,
    private readonly onDelivered: () => void,
    /** Sends the state of the channel instead of a notice or an event that cannot bring the client up to date. */
    private readonly sendState: (() => void) | null = null,
  ) {}

  /** Reads the events that the client missed. If the read succeeds, the queue starts with these events. */
  async recover(): Promise<ReplayResult> {
    const missed = await this.read();
    this.merge(missed);
    return missed;
  }

  /** Begins with the last events of the history instead. Call it before {@link start}. */
  async rewind(count: number): Promise<LastEvents> {
    // The read contains all events that arrived before.
    this.queue = [];
    this.queuedBytes = 0;
    this.mustReread = false;
    const last = await this.reading(() => this.source.readLast(count));
    this.at = last.from;
    this.stateEndsAt = last.top;
    this.merge({ ok: true, ...last });
    return last;
  }

  get position(): Position | null {
    return this.at;
  }

  /** Starts to send. Call it after the client received `subscribed`. */
  start(): void {
    this.started = true;
    this.resumeSending();
  }

  push(frame: EventFrame): void {
    if (this.mustReread) return;
    if (this.isFull()) this.mustReread = true;
    else if (this.arrivedDuringRead !== null) this.arrivedDuringRead.push(frame);
    else if (this.at === null) this.enqueue(frame);
    else this.append(frame);
    this.resumeSending();
  }

  reset(): void {
    this.mustReread = true;
    this.resumeSending();
  }

  /** Releases the queue when the subscription goes live, ends or is paused, or when the client disconnects. */
  end(): void {
    this.queue = [];
    this.head = 0;
    this.queuedBytes = 0;
    this.subscription.connection.sendBuffer.forget(this);
  }

  get heldBytes(): number {
    return this.queuedBytes + (this.queue.length - this.head) * FRAME_OVERHEAD;
  }

  /** Continues to send. If that fails, the connection is closed: the client reconnects and resumes. */
  private resumeSending(): void {
    if (!this.started || this.running) return;
    runSafely(
      'Catching up',
      () => this.run(),
      () => this.subscription.connection.close?.('internal'),
    );
  }

  private async run(): Promise<void> {
    this.running = true;
    while (!this.ended) {
      if (this.queue.length > 0) await this.sendQueue();
      else if (this.mustReread) await this.readAgain();
      else {
        this.source.flush();
        if (this.queue.length > 0 || this.mustReread) continue;
        if (this.lag === 'behind') {
          this.mustReread = true;
          continue;
        }
        // The queue is still empty, because nothing was awaited since the check: the next event can go to the socket.
        if (this.lag === 'here') this.subscription.feed = null;
        break;
      }
    }
    this.running = false;
  }

  private async sendQueue(): Promise<void> {
    const { subscription } = this;
    const { sendBuffer } = subscription.connection;
    for (this.head = 0; this.head < this.queue.length; this.head += 1) {
      const frame = this.queue[this.head]!;
      // An event without a position cannot be read again, so it does not wait: the send buffer limits the client.
      if (frame.position !== null && !sendBuffer.isBelowReplayLimit && !(await sendBuffer.whenBelowReplayLimit(this)))
        subscription.feed = CLOSED_FEED;
      if (this.ended) return;
      if (frame.isReload && this.sendState !== null) return this.sendState();
      const { view, topic } = subscription;
      if (this.receives(frame) && sendBuffer.sendEvent(frame.viewedBy(view), topic)) this.onDelivered();
      this.queuedBytes -= frame.wire.length;
      if (frame.position !== null) this.at = frame.position;
    }
    this.queue = [];
    this.head = 0;
  }

  /** An event that is withheld from this client still advances its position. */
  private receives(frame: EventFrame): boolean {
    if (!frame.isWithheldFrom(this.subscription.connection)) return true;
    const { position } = frame;
    const { stateEndsAt: end } = this;
    return end !== null && position !== null && position.epoch === end.epoch && position.offset <= end.offset;
  }

  private async readAgain(): Promise<void> {
    this.mustReread = false;
    const before = this.at!;
    let missed: ReplayResult;
    try {
      missed = await this.read();
    } catch {
      this.mustReread = true;
      await sleep(RETRY_MS);
      return;
    }
    if (this.ended) return;
    if (!missed.ok && this.sendState !== null) return this.sendState();
    if (!missed.ok) {
      const { connection, channel } = this.subscription;
      connection.send({ type: 'resync', channel, lastEventId: formatPosition(missed.top), reason: missed.reason });
    }
    this.merge(missed);
    // The history lacks events that this instance has received. Another read at once would return the same.
    const moved = this.queue.length > 0 || this.at!.epoch !== before.epoch || this.at!.offset !== before.offset;
    if (!moved && this.lag === 'behind') await sleep(RETRY_MS);
  }

  /** Reads the history after the client's position. */
  private read(): Promise<ReplayResult> {
    return this.reading(() => this.source.readAfter(this.at!));
  }

  /** Events that arrive during a read are kept separately. */
  private async reading<T>(read: () => Promise<T>): Promise<T> {
    this.arrivedDuringRead = [];
    try {
      return await read();
    } catch (error) {
      this.arrivedDuringRead = null;
      throw error;
    }
  }

  /** Appends the replay, then the events that arrived during the read. Events contained in both are dropped. */
  private merge(missed: ReplayResult): void {
    const arrived = this.arrivedDuringRead ?? [];
    this.arrivedDuringRead = null;
    if (missed.ok) for (const frame of missed.frames) this.enqueue(frame);
    if (this.queue.length === 0) this.at = missed.top;
    for (const frame of arrived) if (!this.mustReread) this.append(frame);
  }

  /** Appends the next frame and ignores known ones. After a gap or an epoch change, the history is read again. */
  private append(frame: EventFrame): void {
    // Published by an instance without history for this channel, or forged. It has no position, so it cannot be ordered.
    if (frame.position === null) return this.enqueue(frame);
    const tail = this.queue.findLast(({ position }) => position !== null)?.position ?? this.at!;
    const { epoch, offset } = frame.position;
    if (epoch !== tail.epoch || offset > tail.offset + 1) this.mustReread = true;
    else if (offset === tail.offset + 1) this.enqueue(frame);
  }

  private enqueue(frame: EventFrame): void {
    this.queue.push(frame);
    this.queuedBytes += frame.wire.length;
  }

  private isFull(): boolean {
    const { maxEvents, maxBytes } = this.limits;
    if (this.at === null) return false;
    return (
      this.queue.length - this.head + (this.arrivedDuringRead?.length ?? 0) >= maxEvents || this.queuedBytes >= maxBytes
    );
  }

  /** True once the subscription is live, paused or ended, or its connection is closed. */
  get ended(): boolean {
    return this.subscription.feed !== this;
  }

  /**
   * Compares the client's position with this instance. `ahead`: the history contained events that this instance has not received
   * yet, or had another epoch.
   */
  private get lag(): 'here' | 'behind' | 'ahead' {
    const { at } = this;
    const here = this.source.position;
    if (at === null || here === null) return 'here';
    if (at.epoch !== here.epoch || at.offset > here.offset) return 'ahead';
    return at.offset < here.offset ? 'behind' : 'here';
  }
}
