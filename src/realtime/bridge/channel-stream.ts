import { formatPosition, type Position, type RecoveryReason } from '../../protocol/index.js';
import type { Broker, BrokerEvent, ReadLimits, ReadResult } from '../broker/broker.js';
import { EventFrame } from '../connections/event-frame.js';
import type { FieldGroups } from '../fields/field-groups.js';
import { runSafely } from '../observability/run-safely.js';

/** Frames of a channel kept at hand, so that most returns need no read, and their bytes. */
const RECENT_FRAMES = 64;
const RECENT_BYTES = 262_144;
/** Events that may wait while a hole is being filled; beyond it they are let go and read again. */
const MAX_PENDING = 1_000;
/** How long to wait before reading again when the broker did not answer, in milliseconds. */
const RETRY_MS = 500;

/** The estimate for an event while none is at hand, in bytes. */
const UNKNOWN_EVENT_BYTES = 512;
/** The estimate for a replay from another epoch, as a part of the largest replay: 1/64. */
const UNKNOWN_REPLAY_PART = 64;

/** Where a stream's frames go: to every subscription of its channel on this instance. */
export interface StreamOutput {
  deliver(topic: string, frame: EventFrame): void;
  /** Continuity was lost after `from`: what comes next follows `top`. */
  reset(topic: string, reason: RecoveryReason, top: Position, from: Position): void;
  /** Events were missing; whether all of them could be had is now known. */
  mended?(filled: boolean): void;
}

/**
 * One channel as this instance sees it: takes what the broker hands out, and passes it on in order, once and without a
 * hole. A hole is filled from the history before anything after it is delivered; where it cannot be, the output is told.
 */
export class ChannelStream {
  /** Where this instance stands; `null` on a channel without history, and before it is opened. */
  position: Position | null = null;
  private state: 'opening' | 'live' | 'mending' | 'closed' = 'opening';
  private pending: BrokerEvent[] = [];
  private pendingLost = false;
  /** What {@link check} was told while it could not look. */
  private told: Position | null = null;
  private recent: EventFrame[] = [];
  private recentBytes = 0;

  constructor(
    readonly topic: string,
    private readonly broker: Pick<Broker, 'read'>,
    private readonly limits: ReadLimits,
    private readonly output: StreamOutput,
    /** Which fields of its events are not for everybody. */
    readonly fields: FieldGroups | null = null,
  ) {}

  /** The broker says where the channel stands; what it handed out in the meantime is sorted in. */
  opened(position: Position | null): void {
    this.position = position;
    this.resume();
  }

  close(): void {
    this.state = 'closed';
    this.pending = [];
    this.forgetRecent();
  }

  /** Takes one event that the broker handed out. */
  receive(event: BrokerEvent): void {
    if (this.state === 'live') this.take(event);
    else if (this.state !== 'closed') this.hold(event);
  }

  /** The broker says where the channel stands: whatever lies before that and did not come in is missing. */
  check(there: Position): void {
    const { position: here } = this;
    if (this.state !== 'live') {
      this.told = there;
      return;
    }
    if (here === null) return;
    if (there.epoch !== here.epoch || there.offset > here.offset) this.mendFrom(here);
  }

  /** The frames after a position, when they are at hand: `null` means that the history has to be read. */
  recentAfter(after: Position): readonly EventFrame[] | null {
    const top = this.position;
    if (this.state !== 'live' || top === null || after.epoch !== top.epoch || after.offset > top.offset) return null;
    const missed = top.offset - after.offset;
    if (missed === 0) return [];
    // What is at hand is held to the same limits as what is read: whether somebody is too far behind is no matter of luck.
    if (missed > Math.min(this.recent.length, this.limits.maxEvents)) return null;
    const frames = this.recent.slice(-missed);
    return frames.reduce((sum, { bytes }) => sum + bytes.length, 0) > this.limits.maxBytes ? null : frames;
  }

  /** An estimate of what a replay after this position weighs, in bytes. */
  bytesAfter(after: Position): number {
    const { position: top, recent, recentBytes, limits } = this;
    if (top === null) return 0;
    if (after.epoch !== top.epoch) return limits.maxBytes / UNKNOWN_REPLAY_PART;
    const missed = top.offset - after.offset;
    if (missed <= 0 || missed > limits.maxEvents) return 0;
    return Math.min(
      limits.maxBytes,
      missed * (recent.length === 0 ? UNKNOWN_EVENT_BYTES : recentBytes / recent.length),
    );
  }

  private take(event: BrokerEvent): void {
    const { position: top } = this;
    const { position } = event;
    if (position === null || top === null) return this.pass(event);
    if (position.epoch === top.epoch) {
      if (position.offset <= top.offset) return;
      if (position.offset === top.offset + 1) return this.pass(event);
    }
    // A hole, or another epoch. What was published up to now is in the history, this event too: it need not be kept.
    this.mendFrom(top);
  }

  private pass(event: BrokerEvent): void {
    const frame = EventFrame.of(event, this.fields);
    if (event.position !== null) {
      if (this.position?.epoch !== event.position.epoch) this.forgetRecent();
      this.position = event.position;
      this.keepRecent(frame);
    }
    this.output.deliver(this.topic, frame);
  }

  private keepRecent(frame: EventFrame): void {
    this.recent.push(frame);
    this.recentBytes += frame.wire.length;
    while (this.recent.length > RECENT_FRAMES || this.recentBytes > RECENT_BYTES) {
      this.recentBytes -= this.recent.shift()!.wire.length;
    }
  }

  private forgetRecent(): void {
    this.recent = [];
    this.recentBytes = 0;
  }

  private hold(event: BrokerEvent): void {
    if (this.pending.length >= MAX_PENDING) {
      this.pending = [];
      this.pendingLost = true;
    }
    this.pending.push(event);
  }

  private mendFrom(from: Position): void {
    runSafely(
      'Filling a gap',
      () => this.mend(from),
      () => this.resume(), // the next event finds the gap again
    );
  }

  /** Reads what is missing after `from`, delivers it or says that it is lost, and goes on with what has waited. */
  private async mend(from: Position): Promise<void> {
    this.state = 'mending';
    const before = this.pending;
    this.pending = [];
    const result = await this.readUntilAnswered(from);
    if (result === null) return;
    // A channel without events has no log yet: reading from its beginning is no gap.
    const isBeginning = result.ok && from.offset === 0 && result.top.epoch !== from.epoch;
    if (!isBeginning) this.output.mended?.(result.ok);
    // What came before the answer and is of another epoch is of one long gone: looking at it again would never end.
    const { epoch } = result.top;
    this.pending.unshift(...before.filter(({ position }) => position?.epoch === epoch));
    if (result.ok) for (const event of result.events) this.pass(event);
    else {
      this.forgetRecent();
      this.position = result.top;
      this.output.reset(this.topic, result.reason, result.top, from);
    }
    this.position = result.top;
    if (this.pendingLost) {
      this.pendingLost = false;
      this.pending = [];
      await this.mend(result.top);
    } else this.resume();
  }

  private async readUntilAnswered(from: Position): Promise<ReadResult | null> {
    for (;;) {
      this.pending = [];
      this.pendingLost = false;
      try {
        const result = await this.broker.read(this.topic, from, this.limits);
        return this.isClosed() ? null : result;
      } catch {
        await new Promise<void>((resolve) => void setTimeout(resolve, RETRY_MS).unref());
        if (this.isClosed()) return null;
      }
    }
  }

  private resume(): void {
    if (this.state === 'closed') return;
    this.state = 'live';
    const pending = this.pending;
    this.pending = [];
    for (const event of pending) this.receive(event);
    const { told } = this;
    this.told = null;
    if (told !== null) this.check(told);
  }

  private isClosed(): boolean {
    return this.state === 'closed';
  }

  /** For logs and tests. */
  toString(): string {
    return `${this.topic} ${this.state} at ${this.position === null ? 'no position' : formatPosition(this.position)}`;
  }
}
