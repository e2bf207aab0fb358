import { formatPosition, type Position, type RecoveryReason } from '../../protocol/index.js';
import type { ReadLimits } from '../broker/broker.js';
import type { EventFrame } from '../connections/event-frame.js';
import { ENDED, type Feed, type Subscription } from '../connections/subscription.js';

/** What was read for somebody who is behind. */
export type Missed =
  | { readonly ok: true; readonly frames: readonly EventFrame[]; readonly top: Position }
  | { readonly ok: false; readonly reason: RecoveryReason; readonly top: Position };

/** What a catch-up needs of its channel. */
export interface CatchUpSource {
  /** Where this instance stands. */
  readonly position: Position | null;
  /** @throws when the broker does not answer */
  readAfter(position: Position): Promise<Missed>;
}

/** How long to wait before reading again when the broker did not answer, in milliseconds. */
const RETRY_MS = 500;

/**
 * Brings one subscription from its position to the live edge: first what it missed, then what came in while it was
 * behind, then live. It is paced by what the client reads, and what it holds is bounded: what does not fit is let go
 * and read again later.
 */
export class CatchUp implements Feed {
  private queue: EventFrame[] = [];
  /** How many of the queue were sent already. */
  private head = 0;
  private queuedBytes = 0;
  /** The queue ends before the live edge: the rest has to be read again. */
  private lost = false;
  private started = false;
  private running = false;

  /** @param at what the client has; `null` without history */
  constructor(
    private readonly subscription: Subscription,
    private readonly source: CatchUpSource,
    private readonly limits: ReadLimits,
    private at: Position | null,
    private readonly onDelivered: () => void,
  ) {}

  /** Reads what the client missed. @returns whether all of it can be had; the queue then begins with it */
  async recover(): Promise<Missed> {
    const missed = await this.source.readAfter(this.at!);
    if (missed.ok) this.join(missed.frames, missed.top);
    else this.jump(missed.top);
    return missed;
  }

  /** Begins to send, after the client was told that it is subscribed. */
  start(): void {
    this.started = true;
    void this.run();
  }

  push(frame: EventFrame): void {
    if (this.lost) return;
    if (this.isKnown(frame)) {
      void this.run(); // this instance lagged behind what was read: it may have caught up with that
      return;
    }
    if (this.isFull()) {
      this.lost = true;
      return;
    }
    this.queue.push(frame);
    this.queuedBytes += frame.bytes.length;
    void this.run();
  }

  reset(): void {
    this.lost = true;
    void this.run();
  }

  private async run(): Promise<void> {
    if (!this.started || this.running) return;
    this.running = true;
    while (!this.ended) {
      if (this.queue.length > 0) await this.sendQueue();
      else if (this.lost) await this.readAgain();
      else {
        // No step lies between this and the look at the queue: what comes next goes to the socket itself.
        if (!this.isBeyondInstance()) this.subscription.feed = null;
        break;
      }
    }
    this.running = false;
  }

  private async sendQueue(): Promise<void> {
    const { outbox } = this.subscription.connection;
    for (this.head = 0; this.head < this.queue.length; this.head += 1) {
      const frame = this.queue[this.head]!;
      // Without history there is nothing to read again: such a reader is bounded by its outbox alone.
      if (frame.position !== null && !outbox.hasRoom && !(await outbox.room())) this.subscription.feed = ENDED;
      if (this.ended) return;
      if (outbox.send(frame.bytes)) this.onDelivered();
      this.queuedBytes -= frame.bytes.length;
      this.at = frame.position;
    }
    this.queue = [];
    this.head = 0;
  }

  private async readAgain(): Promise<void> {
    this.lost = false;
    let missed: Missed;
    try {
      missed = await this.source.readAfter(this.at!);
    } catch {
      this.lost = true;
      await new Promise<void>((resolve) => void setTimeout(resolve, RETRY_MS).unref());
      return;
    }
    if (this.ended) return;
    if (missed.ok) {
      this.join(missed.frames, missed.top);
      return;
    }
    const { connection, channel } = this.subscription;
    connection.send({ type: 'resync', channel, lastEventId: formatPosition(missed.top), reason: missed.reason });
    this.jump(missed.top);
  }

  /** Puts what was read before what came in meanwhile, and drops what is in both. */
  private join(read: readonly EventFrame[], top: Position): void {
    const came = this.queue;
    this.queue = [...read];
    this.keepBeyond(came, top);
    if (this.queue.length === 0) this.at = top;
  }

  /** Goes on from `top`, without what lies before it. */
  private jump(top: Position): void {
    const came = this.queue;
    this.queue = [];
    this.at = top;
    this.keepBeyond(came, top);
  }

  private keepBeyond(came: readonly EventFrame[], top: Position): void {
    // Offsets of different epochs do not compare: what came in under another epoch is read again from `top`.
    if (came.some((frame) => frame.position?.epoch !== top.epoch)) this.lost = true;
    else this.queue.push(...came.filter((frame) => frame.position!.offset > top.offset));
    this.queuedBytes = this.queue.reduce((sum, frame) => sum + frame.bytes.length, 0);
  }

  private isFull(): boolean {
    const { maxEvents, maxBytes } = this.limits;
    return this.at !== null && (this.queue.length - this.head >= maxEvents || this.queuedBytes >= maxBytes);
  }

  /** The subscription went live, was ended, or lost its connection. */
  private get ended(): boolean {
    return this.subscription.feed !== this;
  }

  private get tail(): Position | null {
    return this.queue.at(-1)?.position ?? this.at;
  }

  private isKnown({ position }: EventFrame): boolean {
    const { tail } = this;
    return position !== null && tail !== null && position.epoch === tail.epoch && position.offset <= tail.offset;
  }

  /** The history was ahead of what this instance has taken in: what is still to come in is known here already. */
  private isBeyondInstance(): boolean {
    const { at } = this;
    const here = this.source.position;
    return at !== null && here !== null && at.epoch === here.epoch && at.offset > here.offset;
  }
}
