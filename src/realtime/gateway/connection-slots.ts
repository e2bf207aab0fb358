import { LoopDelay } from '../observability/loop-delay.js';
import type { ClientAddress } from './client-address.js';

/** The part of the options that `ConnectionSlots` uses. */
export interface SlotLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxEventLoopDelayMs: number;
}

/** The reason why all handshakes are rejected: for the metrics, and as a sentence for the log. */
export interface Rejection {
  readonly outcome: 'overloaded';
  readonly reason: string;
}

/** The slot of one connection. */
export interface Slot {
  /** Gives it back; doing so twice changes nothing. */
  release(): void;
}

/**
 * Limits checked before authentication, the cheapest first: the load of the event loop, then the number of connections.
 * A slot is taken before authentication, so that simultaneous handshakes cannot exceed the limit.
 */
export class ConnectionSlots {
  private readonly loopDelay = new LoopDelay();
  private taken = 0;
  /** address → places that are taken from there */
  private readonly takenFrom = new Map<string, number>();

  /** @param now `performance.now()` */
  constructor(
    private readonly limits: SlotLimits,
    now: number,
  ) {
    this.loopDelay.start(now);
  }

  /** Why no client can be served now; `null` if clients can be. */
  rejection(now: number): Rejection | null {
    const { maxEventLoopDelayMs } = this.limits;
    const delay = Math.round(this.loopDelay.recentMax(now));
    if (delay <= maxEventLoopDelayMs) return null;
    const reason = `the event loop was blocked for ${delay} ms (maxEventLoopDelayMs is ${maxEventLoopDelayMs})`;
    return { outcome: 'overloaded', reason };
  }

  /**
   * Takes a slot. Clients behind a proxy that is not configured cannot be distinguished: together they can take half of
   * all slots, so that a forged header never disables the limit.
   */
  acquire({ countedAs, address }: ClientAddress): Slot | 'instanceFull' | 'tooManyConnections' {
    const { maxConnections, maxConnectionsPerAddress } = this.limits;
    if (this.taken >= maxConnections) return 'instanceFull';
    const from = countedAs ?? `proxy ${address}`;
    const limit =
      countedAs === null ? Math.max(maxConnectionsPerAddress, maxConnections / 2) : maxConnectionsPerAddress;
    const fromThere = this.takenFrom.get(from) ?? 0;
    if (fromThere >= limit) return 'tooManyConnections';
    this.taken += 1;
    this.takenFrom.set(from, fromThere + 1);
    let left = false;
    return {
      release: () => {
        if (left) return;
        left = true;
        this.releaseFor(from);
      },
    };
  }

  close(): void {
    this.loopDelay.stop();
  }

  private releaseFor(from: string): void {
    this.taken -= 1;
    const rest = this.takenFrom.get(from)! - 1;
    if (rest === 0) this.takenFrom.delete(from);
    else this.takenFrom.set(from, rest);
  }
}
