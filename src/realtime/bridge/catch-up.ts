import { formatPosition, type Position, type RecoveryReason } from '../../protocol/index.js';
import type { ReadLimits } from '../broker/broker.js';
import type { EventFrame } from '../connections/event-frame.js';
import type { Waiter } from '../connections/send-buffer.js';
import { CLOSED_FEED, type Feed, type Subscription } from '../connections/subscription.js';
import { runSafely } from '../observability/run-safely.js';

/** The events that a client missed, or the reason why they cannot be replayed. */
export type ReplayResult =
  | { readonly ok: true; readonly frames: readonly EventFrame[]; readonly top: Position }
  | { readonly ok: false; readonly reason: RecoveryReason; readonly top: Position };

/** The channel, as a catch-up uses it. */
export interface CatchUpSource {
  /** Where this instance stands. */
  readonly position: Position | null;
  /** Has what this instance has taken in pushed at once. */
  flush(): void;
  /** @throws when the broker does not answer */
  readAfter(position: Position): Promise<ReplayResult>;
}

/** How long to wait before reading again when the broker did not answer, in milliseconds. */
const RETRY_MS = 500;
/** Memory that a frame takes beside its bytes, in bytes: measured 500. */
const FRAME_OVERHEAD = 500;

/**
 * Brings one subscription from its position to live delivery: first the missed events, then the events that arrived
 * during the replay. The client's reading speed sets the pace. Memory is bounded: events that do not fit are dropped
 * and read again later.
 */
export class CatchUp implements Feed, Waiter {
  private queue: EventFrame[] = [];
  /** How many of the queue were sent already. */
  private head = 0;
  private queuedBytes = 0;
  /** Events that arrived while the history is being read; `null` if no read is running. */
  private arrivedDuringRead: EventFrame[] | null = null;
  /** The queue ends before the live edge: the rest has to be read again. */
  private mustReread = false;
  private started = false;
  private running = false;

  /** @param at the client's position; `null` without history */
  constructor(
    private readonly subscription: Subscription,
    private readonly source: CatchUpSource,
    private readonly limits: ReadLimits,
    private at: Position | null,
    private readonly onDelivered: () => void,
  ) {}

  /** Reads the events that the client missed. @returns the replay; if it succeeded, the queue starts with its events */
  async recover(): Promise<ReplayResult> {
    const missed = await this.read();
    this.merge(missed);
    return missed;
  }

  get position(): Position | null {
    return this.at;
  }

  /** Starts to send, after the client has received `subscribed`. */
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

  /** Releases the queue: it is live, its subscription ended or was paused, or its client has disconnected. */
  end(): void {
    this.queue = [];
    this.head = 0;
    this.queuedBytes = 0;
    this.subscription.connection.sendBuffer.forget(this);
  }

  get heldBytes(): number {
    return this.queuedBytes + (this.queue.length - this.head) * FRAME_OVERHEAD;
  }

  /** Continues to send. If it fails, the connection is closed: the client reconnects and resumes. */
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
        // No step lies between this and the look at the queue: what comes next goes to the socket itself.
        if (this.lag === 'here') this.subscription.feed = null;
        break;
      }
    }
    this.running = false;
  }

  private async sendQueue(): Promise<void> {
    const { sendBuffer } = this.subscription.connection;
    for (this.head = 0; this.head < this.queue.length; this.head += 1) {
      const frame = this.queue[this.head]!;
      // Without history there is nothing to read again: such a reader is bounded by its send buffer only.
      if (frame.position !== null && !sendBuffer.isBelowReplayLimit && !(await sendBuffer.whenBelowReplayLimit(this)))
        this.subscription.feed = CLOSED_FEED;
      if (this.ended) return;
      if (sendBuffer.sendEvent(frame.viewedBy(this.subscription.view))) this.onDelivered();
      this.queuedBytes -= frame.wire.length;
      if (frame.position !== null) this.at = frame.position;
    }
    this.queue = [];
    this.head = 0;
  }

  private async readAgain(): Promise<void> {
    this.mustReread = false;
    const before = this.at!;
    let missed: ReplayResult;
    try {
      missed = await this.read();
    } catch {
      this.mustReread = true;
      await retryLater();
      return;
    }
    if (this.ended) return;
    if (!missed.ok) {
      const { connection, channel } = this.subscription;
      connection.send({ type: 'resync', channel, lastEventId: formatPosition(missed.top), reason: missed.reason });
    }
    this.merge(missed);
    // The history has not got what this instance has: asking again at once would not change that.
    const moved = this.queue.length > 0 || this.at!.epoch !== before.epoch || this.at!.offset !== before.offset;
    if (!moved && this.lag === 'behind') await retryLater();
  }

  /** Reads on from what the client has; what comes in until the answer is there is kept apart. */
  private async read(): Promise<ReplayResult> {
    this.arrivedDuringRead = [];
    try {
      return await this.source.readAfter(this.at!);
    } catch (error) {
      this.arrivedDuringRead = null;
      throw error;
    }
  }

  /** Puts what was read before what came in meanwhile, and drops what is in both. */
  private merge(missed: ReplayResult): void {
    const came = this.arrivedDuringRead ?? [];
    this.arrivedDuringRead = null;
    if (missed.ok) for (const frame of missed.frames) this.enqueue(frame);
    if (this.queue.length === 0) this.at = missed.top;
    for (const frame of came) if (!this.mustReread) this.append(frame);
  }

  /** Appends the next frame. Drops a known one; after a gap or an epoch change the history is read again. */
  private append(frame: EventFrame): void {
    // It is of an instance that keeps no history here, or forged: it has no place among the others.
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

  /** The subscription went live, was ended, or lost its connection. */
  get ended(): boolean {
    return this.subscription.feed !== this;
  }

  /** Where this subscription stands, against this instance: `ahead` where the history was ahead of what has come in, or was in another epoch. */
  private get lag(): 'here' | 'behind' | 'ahead' {
    const { at } = this;
    const here = this.source.position;
    if (at === null || here === null) return 'here';
    if (at.epoch !== here.epoch || at.offset > here.offset) return 'ahead';
    return at.offset < here.offset ? 'behind' : 'here';
  }
}

function retryLater(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, RETRY_MS).unref());
}
