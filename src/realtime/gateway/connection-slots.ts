import { LoopDelay } from '../observability/loop-delay.js';
import type { ClientAddress } from './client-address.js';

/** Options that `ConnectionSlots` uses. */
export interface SlotLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxEventLoopDelayMs: number;
}

/** Reason why all handshakes are rejected: a label for the metrics and a sentence for the log. */
export interface Rejection {
  readonly outcome: 'overloaded';
  readonly reason: string;
}

/** Slot of one connection. */
export interface Slot {
  /** Releases the slot. Releasing it twice has no effect. */
  release(): void;
}

/**
 * Limits that are checked before authentication: first the load of the event loop, which is cheaper, then the number of
 * connections. A slot is taken before authentication, so that simultaneous handshakes cannot exceed the limit.
 */
export class ConnectionSlots {
  private readonly loopDelay = new LoopDelay();
  private taken = 0;
  /** Slots in use by address. */
  private readonly takenFrom = new Map<string, number>();

  /** @param now `performance.now()` */
  constructor(
    private readonly limits: SlotLimits,
    now: number,
  ) {
    this.loopDelay.start(now);
  }

  /** Returns the reason why no client can be accepted now, or `null`. */
  rejection(now: number): Rejection | null {
    const { maxEventLoopDelayMs } = this.limits;
    const delay = Math.round(this.loopDelay.recentMax(now));
    if (delay <= maxEventLoopDelayMs) return null;
    const reason = `the event loop was blocked for ${delay} ms (maxEventLoopDelayMs is ${maxEventLoopDelayMs})`;
    return { outcome: 'overloaded', reason };
  }

  /**
   * Takes a slot. The clients of an unconfigured proxy cannot be distinguished: together they can take half of all slots.
   * So forged forwarding headers do not disable the limit.
   */
  acquire({ countedAs, address }: ClientAddress): Slot | 'instanceFull' | 'tooManyConnections' {
    const { maxConnections, maxConnectionsPerAddress } = this.limits;
    if (this.taken >= maxConnections) return 'instanceFull';
    const from = countedAs ?? `proxy ${address}`;
    const limit =
      countedAs === null ? Math.max(maxConnectionsPerAddress, maxConnections / 2) : maxConnectionsPerAddress;
    const takenHere = this.takenFrom.get(from) ?? 0;
    if (takenHere >= limit) return 'tooManyConnections';
    this.taken += 1;
    this.takenFrom.set(from, takenHere + 1);
    return new TakenSlot(this, from);
  }

  close(): void {
    this.loopDelay.stop();
  }

  /** Used by the slots. */
  releaseFor(from: string): void {
    this.taken -= 1;
    const rest = this.takenFrom.get(from)! - 1;
    if (rest === 0) this.takenFrom.delete(from);
    else this.takenFrom.set(from, rest);
  }
}

/** A class, because closures for each connection would need several times its memory. */
class TakenSlot implements Slot {
  private isReleased = false;

  constructor(
    private readonly slots: ConnectionSlots,
    private readonly from: string,
  ) {}

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.slots.releaseFor(this.from);
  }
}
