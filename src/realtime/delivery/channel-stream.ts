import { formatPosition, type Position, type RecoveryReason } from '../../protocol/index.js';
import type { Broker, BrokerEvent, ReadLimits, ReadResult } from '../broker/broker.js';
import { EventFrame } from '../connections/event-frame.js';
import type { FieldGroups } from '../channels/fields/field-groups.js';
import { runSafely } from '../observability/run-safely.js';
import { retry, sleep } from '../timing/retry.js';
import { DeliveredMarks } from './delivered-marks.js';
import { joinRanges, compareWithLog, type DisplacedRange } from './displacement.js';
import { isTrimmedFirst, mayBeFirst } from './first-event.js';
import { RecentFrames } from './recent-frames.js';

/** Events that are buffered while a gap is being filled. Beyond this number they are dropped and read again. */
const MAX_PENDING = 1_000;
/** Delay before another read if the broker did not answer, in milliseconds. */
const RETRY_MS = 500;
/** Delay after a read that found no gap, in milliseconds: forged events must not cause one read each. */
const READ_COOLDOWN_MS = 250;

/** Estimated size of an event if no event is cached, in bytes. */
const UNKNOWN_EVENT_BYTES = 512;
/** Estimated size of a replay from another epoch: 1/64 of the largest replay. */
const UNKNOWN_REPLAY_PART = 64;

/** Receives the bodies of a stream: messages between instances. */
export interface RawOutput extends Omit<StreamOutput, 'deliver'> {
  take(body: string): void;
}

/** Receives the frames of a stream, for all subscriptions of its channel on this instance. */
export interface StreamOutput {
  deliver(topic: string, frame: EventFrame): void;
  /** Continuity was lost after `from`. The next frame follows `top`. */
  reset(topic: string, reason: RecoveryReason, top: Position, from: Position): void;
  /** Events were missing. `filled` is true if all of them were found. */
  onGap?(filled: boolean): void;
  /** Another program published an event on the channel. If the event was delivered, `reset` follows. */
  onForged?(topic: string, delivered: boolean): void;
}

/** The position of a channel, as the broker reported it. */
interface PositionReport {
  readonly at: Position;
  readonly mark: number | undefined;
}

/**
 * The stream of one channel on this instance: receives events from the broker and forwards them in order, once and without a gap.
 * A gap is filled from the history before any later event is delivered. If it cannot be filled, the output is notified.
 *
 * A program that can publish on the channel can forge events. An event with the next offset is delivered without a read, even if
 * it is forged. The true event then arrives as a second event with the same offset. The log decides which of the two is true.
 */
export class ChannelStream {
  /** Position of this instance; `null` on a channel without history, and before the stream is opened. */
  position: Position | null = null;
  private state: 'opening' | 'live' | 'recovering' | 'closed' = 'opening';
  /** Events and reports that arrived while the log is being read, in order. */
  private pending: (BrokerEvent | PositionReport)[] = [];
  private pendingLost = false;
  private readonly delivered = new DeliveredMarks();
  /** Events that arrived before a read were dropped. If they are true, the read contains them. */
  private dropped = false;
  /** Time of the last read that found nothing missing (`performance.now()`). */
  private foundNothingAt: number | null = null;
  private displaced: DisplacedRange | null = null;
  private readonly recent = new RecentFrames();
  /** True while a read finds out if an event is the first one of the channel. The events after it are kept. */
  private isBeginning = false;

  constructor(
    readonly topic: string,
    private readonly broker: Pick<Broker, 'read'>,
    private readonly limits: ReadLimits,
    private readonly output: StreamOutput | RawOutput,
    readonly fields: FieldGroups | null = null,
    private readonly readCooldownMs = READ_COOLDOWN_MS,
  ) {}

  /** Sets the position that the broker reported on subscribing. Events that arrived before are then processed in order. */
  opened(position: Position | null): void {
    this.position = position;
    if (position !== null) this.delivered.reset(position.offset);
    this.resume();
  }

  close(): void {
    this.state = 'closed';
    this.pending = [];
    this.recent.forget();
  }

  /** Processes an event from the broker. */
  receive(event: BrokerEvent): void {
    if (this.state === 'live') this.accept(event);
    else if (this.state !== 'closed') this.buffer(event);
  }

  /**
   * Processes a position report of the broker. Events up to this position that did not arrive are missing. Events that were
   * delivered beyond it are forged, unless they were published after the report.
   * @param mark the mark of the event at this position, if the broker has it
   */
  check(there: Position, mark?: number): void {
    if (this.state === 'live') this.compare({ at: there, mark });
    else if (this.state !== 'closed') this.buffer({ at: there, mark });
  }

  private compare({ at, mark }: PositionReport): void {
    const { position: here, delivered } = this;
    if (here === null) return;
    if (at.epoch !== here.epoch || at.offset > here.offset) return this.fillGapFrom(here);
    if (delivered.isProven(here.offset)) return;
    const isSame = at.offset === here.offset && delivered.compare(here.offset, mark) !== 'other';
    if (!isSame) this.fillGapFrom(here);
  }

  /** Returns true if a client at this position may have received a different event than the log contains. */
  isDisplaced({ epoch, offset }: Position): boolean {
    const { displaced } = this;
    return displaced?.epoch === epoch && offset >= displaced.first && offset <= displaced.last;
  }

  /** Returns the frames after a position if they are all cached. `null` means that the history must be read. */
  recentAfter(after: Position): readonly EventFrame[] | null {
    const top = this.position;
    if (this.state !== 'live' || top === null || after.epoch !== top.epoch || after.offset > top.offset) return null;
    const missed = top.offset - after.offset;
    if (missed === 0) return [];
    // The limits for a read apply here too, so that the result does not depend on what happens to be in memory.
    return missed > this.limits.maxEvents ? null : this.recent.last(missed, this.limits.maxBytes);
  }

  /** Estimates the size of a replay after this position, in bytes. */
  bytesAfter(after: Position): number {
    const { position: top, recent, limits } = this;
    if (top === null) return 0;
    if (after.epoch !== top.epoch) return limits.maxBytes / UNKNOWN_REPLAY_PART;
    const missed = top.offset - after.offset;
    if (missed <= 0 || missed > limits.maxEvents) return 0;
    return Math.min(limits.maxBytes, missed * (recent.averageBytes ?? UNKNOWN_EVENT_BYTES));
  }

  private accept(event: BrokerEvent): void {
    const { position: top } = this;
    const { position, mark } = event;
    if (position === null || top === null) return this.forward(event);
    if (position.epoch === top.epoch) {
      if (position.offset === top.offset + 1) {
        this.delivered.add(position.offset, mark);
        return this.forward(event);
      }
      if (position.offset <= top.offset) {
        const comparison = this.delivered.compare(position.offset, mark);
        if (comparison === 'same') return;
        // True events arrive in order. If this one is true, all events delivered after it are forged, including the last one.
        return this.fillGapFrom(comparison === 'other' ? position : top, event);
      }
    }
    // A gap or another epoch. The history contains all events published up to now, including this one, so it is not kept.
    this.fillGapFrom(top, event);
  }

  private forward(event: BrokerEvent): void {
    const { output } = this;
    const frame = 'take' in output ? null : EventFrame.of(event, this.fields);
    // On a channel without history here, a position comes from an instance with history or is forged, so it is ignored.
    if (event.position !== null && this.position !== null) {
      if (this.position.epoch !== event.position.epoch) this.recent.forget();
      this.position = event.position;
      if (frame !== null) this.recent.keep(frame);
    }
    if ('take' in output) output.take(event.body);
    else output.deliver(this.topic, frame!);
  }

  private buffer(item: BrokerEvent | PositionReport): void {
    if (this.pending.length >= MAX_PENDING) {
      this.dropPending();
      this.pendingLost = true;
    }
    this.pending.push(item);
  }

  private dropPending(): void {
    if (this.pending.length > 0) this.dropped = true;
    this.pending = [];
    this.pendingLost = false;
  }

  /** @param cause the event that does not fit */
  private fillGapFrom(from: Position, cause?: BrokerEvent): void {
    this.state = 'recovering';
    this.isBeginning = cause !== undefined && mayBeFirst(cause, from);
    runSafely(
      'Filling a gap',
      () => this.fillGap(from, cause),
      // The next event detects the gap again.
      () => this.resume(),
    );
  }

  /** Reads the log after `from`, delivers the missing events or reports the loss, and then processes the buffered events. */
  private async fillGap(from: Position, cause?: BrokerEvent): Promise<void> {
    const result = await this.readUntilAnswered(from);
    const { position: here, delivered } = this;
    if (result === null || here === null) return;
    if (this.isBeginning && this.begin(cause!, result)) return;
    const { reason, forged } = compareWithLog(result, { from, here, cause, delivered, dropped: this.dropped });
    this.dropped = false;
    if (forged !== null) this.output.onForged?.(this.topic, forged === 'delivered');
    const missing = result.ok ? result.events.filter(({ position }) => isBeyond(position!, here)) : [];
    // A channel without events has no log yet, so reading from its start is not a gap.
    const isFromStart = result.ok && from.offset === 0 && result.top.epoch !== from.epoch;
    if (!isFromStart && (reason !== null || missing.length > 0)) this.output.onGap?.(reason === null);
    if (reason === null) this.deliverMissing(missing, from, here, result);
    else this.reportLoss(reason, from, here, result.top);
    if (forged !== null || (reason === null && missing.length === 0)) this.foundNothingAt = performance.now();
    if (this.pendingLost) await this.fillGap(result.top);
    else this.resume();
  }

  /** Continues with the first event of the channel and those after it. Returns false if they are not needed. */
  private begin(first: BrokerEvent, result: ReadResult): boolean {
    this.isBeginning = false;
    // Otherwise the read contains those that were kept, so they are known when they are processed.
    if (!isTrimmedFirst(first, result) || this.pendingLost) return false;
    this.position = { epoch: first.position!.epoch, offset: 0 };
    this.delivered.reset(0);
    this.pending.unshift(first);
    this.resume();
    return true;
  }

  private deliverMissing(missing: readonly BrokerEvent[], from: Position, here: Position, result: ReadResult): void {
    for (const event of missing) this.forward(event);
    const { top } = result;
    this.position = top;
    if (top.epoch !== here.epoch) return this.delivered.reset(top.offset);
    this.delivered.prove(result.ok && result.at !== undefined ? from.offset - 1 : from.offset, top.offset);
  }

  private reportLoss(reason: RecoveryReason, from: Position, here: Position, top: Position): void {
    const { delivered } = this;
    const doubtful = delivered.isProven(from.offset) ? Infinity : from.offset;
    const first = Math.min(doubtful, delivered.provenTo + 1);
    this.displaced = joinRanges(this.displaced, { epoch: here.epoch, first, last: here.offset });
    this.recent.forget();
    this.position = top;
    delivered.reset(top.offset);
    this.output.reset(this.topic, reason, top, here);
  }

  private async readUntilAnswered(from: Position): Promise<ReadResult | null> {
    const waitMs = this.foundNothingAt === null ? 0 : this.foundNothingAt + this.readCooldownMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const read = (): Promise<ReadResult> => {
      // All buffered events that are true were added to the log before this read starts, so they can be dropped.
      if (!this.isBeginning) this.dropPending();
      return this.broker.read(this.topic, from, this.limits, true);
    };
    const result = await retry(read, RETRY_MS, () => this.isClosed());
    return this.isClosed() ? null : result;
  }

  private resume(): void {
    if (this.isClosed()) return;
    this.state = 'live';
    const pending = this.pending;
    this.pending = [];
    for (const [index, item] of pending.entries()) {
      if ('at' in item) this.compare(item);
      else this.accept(item);
      if (this.isLive()) continue;
      if (this.isBeginning) this.pending = pending.slice(index + 1);
      // A read is running, and it includes all events that arrived before.
      else if (index + 1 < pending.length) this.dropped = true;
      return;
    }
  }

  private isLive(): boolean {
    return this.state === 'live';
  }

  private isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Describes the state for logs and tests. */
  toString(): string {
    return `${this.topic} ${this.state} at ${this.position === null ? 'no position' : formatPosition(this.position)}`;
  }
}

function isBeyond(position: Position, here: Position): boolean {
  return position.epoch !== here.epoch || position.offset > here.offset;
}
