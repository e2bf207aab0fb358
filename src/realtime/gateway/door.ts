import { TokenBucket } from '../limits/token-bucket.js';
import { LoopDelay } from '../observability/loop-delay.js';

/** The part of the options that the door goes by. */
export interface DoorLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly handshakesPerSecond: number;
  readonly maxEventLoopDelayMs: number;
}

/** Why nobody is let in: for the counters, and as a sentence for the log. */
export interface Shut {
  readonly outcome: 'held_up' | 'too_fast';
  readonly why: string;
}

/** What somebody who was let in holds until it is gone. */
export interface Place {
  /** Gives it back; doing so twice changes nothing. */
  leave(): void;
}

/**
 * Who may come in before it is known who it is, the cheapest check first: whether anybody can be served now, then whether
 * there is room. A place is taken before the identity is looked at, so that many who come at once cannot pass together.
 */
export class Door {
  private readonly handshakes: TokenBucket;
  private readonly loopDelay = new LoopDelay();
  private taken = 0;
  /** address → places that are taken from there */
  private readonly takenFrom = new Map<string, number>();

  /** @param now `performance.now()` */
  constructor(
    private readonly limits: DoorLimits,
    now: number,
  ) {
    this.handshakes = new TokenBucket(limits.handshakesPerSecond, now);
    this.loopDelay.start(now);
  }

  /** Why nobody can be served now; `null` when somebody can, who is counted then. */
  shut(now: number): Shut | null {
    const { maxEventLoopDelayMs, handshakesPerSecond } = this.limits;
    const delay = Math.round(this.loopDelay.worstOfLate(now));
    if (delay > maxEventLoopDelayMs) {
      const why = `the event loop was held up for ${delay} ms (maxEventLoopDelayMs is ${maxEventLoopDelayMs})`;
      return { outcome: 'held_up', why };
    }
    if (this.handshakes.take(now)) return null;
    return {
      outcome: 'too_fast',
      why: `more come per second than may (handshakesPerSecond is ${handshakesPerSecond})`,
    };
  }

  /** Takes a place. @param from what the limit per address counts by; `null` where it does not count */
  enter(from: string | null): Place | 'instanceFull' | 'tooManyConnections' {
    if (this.taken >= this.limits.maxConnections) return 'instanceFull';
    const fromThere = from === null ? 0 : (this.takenFrom.get(from) ?? 0);
    if (fromThere >= this.limits.maxConnectionsPerAddress) return 'tooManyConnections';
    this.taken += 1;
    if (from !== null) this.takenFrom.set(from, fromThere + 1);
    let left = false;
    return {
      leave: () => {
        if (left) return;
        left = true;
        this.leave(from);
      },
    };
  }

  close(): void {
    this.loopDelay.stop();
  }

  private leave(from: string | null): void {
    this.taken -= 1;
    if (from === null) return;
    const rest = this.takenFrom.get(from)! - 1;
    if (rest === 0) this.takenFrom.delete(from);
    else this.takenFrom.set(from, rest);
  }
}
