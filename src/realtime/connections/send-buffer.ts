import { BatchJoiner } from './batch-joiner.js';
import type { EventBatch, EventFrame } from './event-frame.js';
import { HeldEvents } from './held-events.js';
import type { SharedFrame } from './shared-frame.js';
import type { FrameWriter, Transport } from './transport.js';

const NOTHING = Buffer.alloc(0);

/** While more bytes than this wait, events with a conflation key are held back. A client that reads normally stays below. */
const CONFLATE_ABOVE_BYTES = 16_384;

/** A replay that waits for space in a send buffer. */
export interface Waiter {
  /** Memory that it holds meanwhile, in bytes. */
  readonly heldBytes: number;
  /** True if it does not wait any more. */
  readonly ended: boolean;
}

/**
 * The frames that wait to be sent to one connection. If more than `maxBytes` wait, further frames are not queued, and `onSlow` is
 * called.
 */
export class SendBuffer {
  private closed = false;
  /** Events that leave at the end of this turn, or before the next frame. */
  private collected: EventBatch | EventBatch[] | null = null;
  /** Frames of streams that leave at the end of this turn, or before the next frame. */
  private shared: SharedFrame[] | null = null;
  /** Waiting replays, with the function that wakes each. */
  private waiting: Map<Waiter, () => void> | null = null;
  /** Events with a conflation key that wait until the client has read more; `null` if there are none. */
  private held: HeldEvents | null = null;
  /** True while an empty write is pending. Its callback reports that all earlier writes were sent. */
  private isProbing = false;
  /** Created when it is needed: most connections never need it. */
  private sentCallback: (() => void) | null = null;

  constructor(
    private readonly transport: Transport,
    private readonly maxBytes: number,
    private readonly onSlow: () => void,
  ) {}

  /** Number of waiting bytes, including those of replays. */
  get bufferedBytes(): number {
    let bytes = this.transport.bufferedBytes + (this.held?.bytes ?? 0);
    for (const { heldBytes } of this.waiting?.keys() ?? []) bytes += heldBytes;
    return bytes;
  }

  /**
   * Queues one text frame, in order.
   * @param frame a string, or the UTF-8 bytes of a string that is sent to many connections
   * @returns false if the connection is closing or too slow
   */
  send(frame: string | Buffer): boolean {
    if (!this.canAccept()) return false;
    this.transport.joinWrites();
    this.transport.send(frame, this.transport.frameWriter === null ? this.onSent : undefined);
    return true;
  }

  /**
   * Queues one event of a replay.
   * @returns false if the connection is closing or too slow
   */
  sendEvent(frame: EventFrame, topic: string): boolean {
    if (!this.canAccept()) return false;
    const { transport } = this;
    const writer = transport.frameWriter;
    if (writer === null) return this.send(frame.bytes);
    // Before the write: the cursor can follow the event immediately.
    transport.cursor?.followEvent(topic, frame);
    transport.joinWrites();
    writer.write(frame[transport.sharedForm]);
    return true;
  }

  /** Notes that the state of a channel was sent whole. @param id the position after which its events follow */
  sentState(topic: string, id: string): void {
    this.transport.cursor?.followState(topic, id);
  }

  /** Takes prebuilt frames in this turn; `null` if each must be sent by itself. */
  get frameWriter(): FrameWriter | null {
    return this.transport.frameWriter;
  }

  /**
   * Collects the events of one channel, to be written with those of other channels in this turn.
   * @returns true for the first of them: the caller must call {@link writeCollected} before the turn ends
   */
  collect(batch: EventBatch): boolean {
    const { collected } = this;
    if (this.closed) return false;
    if (collected === null) this.collected = batch;
    else if (Array.isArray(collected)) collected.push(batch);
    else this.collected = [collected, batch];
    return collected === null;
  }

  /**
   * Collects a frame that was built once for several clients, to be written at the end of this turn.
   * @returns true for the first of them: the caller must call {@link writeCollected} before the turn ends
   */
  collectShared(frame: SharedFrame): boolean {
    if (this.closed) return false;
    const isFirst = this.shared === null;
    (this.shared ??= []).push(frame);
    return isFirst;
  }

  /**
   * Queues the collected events: in a single write if that keeps the order.
   * @param writer the result of {@link frameWriter} in the same turn
   */
  writeCollected(writer: FrameWriter | null, joiner: BatchJoiner): void {
    const { collected } = this;
    if (this.shared !== null) this.writeShared(writer);
    if (collected === null || this.closed) return;
    this.collected = null;
    if (!Array.isArray(collected)) this.writeBatch(collected, writer);
    else for (const batch of writer === null ? collected : joiner.join(collected)) this.writeBatch(batch, writer);
  }

  private writeShared(writer: FrameWriter | null): void {
    const frames = this.shared!;
    this.shared = null;
    const { transport } = this;
    if (frames.length > 1) transport.joinWrites();
    for (const frame of frames) {
      if (writer === null) this.send(frame.bytes);
      else writer.write(frame[transport.sharedForm]);
    }
  }

  private writeBatch(batch: EventBatch, writer: FrameWriter | null): void {
    const waiting = writer === null ? this.transport.bufferedBytes : writer.writableLength;
    if (this.held !== null || (waiting > CONFLATE_ABOVE_BYTES && batch.isConflated)) {
      for (const part of batch.parts) this.writeConflated(part);
      return;
    }
    if (writer === null) {
      for (const frame of batch.frames) if (this.send(frame.bytes)) batch.countDelivered(1);
      return;
    }
    // All waiting bytes are in the writer, and its length costs half of `bufferedBytes`.
    if (waiting > this.maxBytes && this.isOverLimit()) {
      this.onSlow();
      return;
    }
    const { cursor, sharedForm } = this.transport;
    writer.write(batch[cursor === null ? sharedForm : cursor.takeBatch(batch)]);
    batch.countDelivered(batch.frames.length);
  }

  /** Writes the events of one channel to a slow client, or holds them. Events of the channel keep their order. */
  private writeConflated(batch: EventBatch): void {
    for (const frame of batch.frames) {
      const key = frame.hints.conflate;
      if (key === undefined || !(this.isCongested || this.held?.has(batch.topic))) {
        this.writeHeld(batch.topic, this.held?.take(batch.topic) ?? []);
        if (!this.sendEvent(frame, batch.topic)) return;
      } else {
        if (!this.canAccept()) return;
        (this.held ??= new HeldEvents()).hold(batch.topic, key, frame);
        this.probe();
      }
      batch.countDelivered(1);
    }
    if (this.held?.isEmpty === true) this.held = null;
  }

  /** Drops the held events of a channel, which the client must not receive any more. @returns true if there were any */
  dropHeld(topic: string): boolean {
    return (this.held?.take(topic).length ?? 0) > 0;
  }

  /** True if events of this channel wait until the client has read more. */
  holds(topic: string): boolean {
    return this.held?.has(topic) === true;
  }

  private writeHeld(topic: string, frames: readonly EventFrame[]): void {
    for (const frame of frames) if (!this.sendEvent(frame, topic)) return;
  }

  private writeAllHeld(): void {
    const { held } = this;
    this.held = null;
    for (const [topic, frames] of held?.takeAll() ?? []) this.writeHeld(topic, frames);
  }

  private get isCongested(): boolean {
    return this.transport.bufferedBytes > CONFLATE_ABOVE_BYTES;
  }

  /** Replies to a WebSocket ping, unless the connection is closing or too slow. */
  pong(data: Buffer): void {
    if (!this.canAccept()) return;
    this.transport.joinWrites();
    this.transport.pong(data);
  }

  /** True if a replay can continue. Replays keep the buffer short, so that they do not make their own client a slow one. */
  get isBelowReplayLimit(): boolean {
    let bytes = this.transport.bufferedBytes;
    if (this.shared !== null) for (const { wire } of this.shared) bytes += wire.length;
    return bytes <= this.maxBytes / 4;
  }

  /** Resolves once the buffer is below the replay limit or the waiter has ended. Resolves with false if the connection closed. */
  async whenBelowReplayLimit(waiter: Waiter): Promise<boolean> {
    this.writeCollectedNow();
    this.transport.writeJoined();
    while (!this.closed && !this.isBelowReplayLimit && !waiter.ended) {
      this.probe();
      await new Promise<void>((resolve) => (this.waiting ??= new Map()).set(waiter, resolve));
    }
    return !this.closed;
  }

  /** Removes a waiter that has ended. Without this, a client that does not read would keep it in memory. */
  forget(waiter: Waiter): void {
    const wake = this.waiting?.get(waiter);
    this.waiting?.delete(waiter);
    wake?.();
  }

  /**
   * Closes the connection after all queued frames. Nothing can be queued afterwards.
   * @param reason at most 123 bytes
   */
  close(code: number, reason: string): void {
    if (this.closed) return;
    this.writeCollectedNow();
    this.writeAllHeld();
    this.end();
    this.transport.close(code, reason);
  }

  /** Stops accepting frames, because the connection is closed or closing. */
  end(): void {
    this.closed = true;
    this.collected = null;
    this.shared = null;
    this.held = null;
    this.wake();
  }

  private get onSent(): () => void {
    return (this.sentCallback ??= () => {
      if (this.waiting !== null && (this.closed || this.isBelowReplayLimit)) this.wake();
      if (this.held !== null && !this.isCongested) this.writeAllHeld();
    });
  }

  /** Reports when direct writes were sent: an empty write with a callback follows them, as long as a replay or an event waits. */
  private probe(): void {
    const writer = this.isProbing ? null : this.transport.frameWriter;
    if (writer === null) return;
    this.isProbing = true;
    writer.write(NOTHING, () => {
      this.isProbing = false;
      this.onSent();
      if (this.waiting !== null || this.held !== null) this.probe();
    });
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = null;
    for (const wake of waiting?.values() ?? []) wake();
  }

  /** Writes the collected events now, so that a later frame of this turn does not overtake them. */
  private writeCollectedNow(): void {
    if (this.collected !== null || this.shared !== null) this.writeCollected(this.frameWriter, new BatchJoiner());
  }

  /** Returns true if a frame can be queued. A slow client is detected before the write. */
  private canAccept(): boolean {
    this.writeCollectedNow();
    if (this.closed || !this.transport.isOpen) return false;
    if (!this.isOverLimit()) return true;
    this.onSlow();
    return false;
  }

  /** Returns true if the client reads too slowly. Bytes that {@link Transport.joinWrites} holds in this turn do not count. */
  private isOverLimit(): boolean {
    const { transport, maxBytes } = this;
    const held = this.held?.bytes ?? 0;
    if (transport.bufferedBytes + held <= maxBytes) return false;
    transport.writeJoined();
    return transport.bufferedBytes + held > maxBytes;
  }
}
