import { safely } from '../observability/run-safely.js';

/** Maximum time of the handshakes that begin in one turn of the event loop, in milliseconds. */
const MAX_TURN_MS = 10;

/**
 * Lets handshakes begin in order, and in each turn of the event loop only as many as take a few milliseconds. If thousands of clients
 * return at once, their requests arrive in one turn. Handled in that turn, they would block all other clients, and the delay of the event
 * loop would exceed its limit: the instance would refuse the rest of them.
 */
export class HandshakeTurns {
  private readonly waiting: (() => void)[] = [];
  /** Start of the first handshake of this turn (`performance.now()`); `null` if there was none. */
  private begunAt: number | null = null;

  /** Returns a promise if the handshake must wait for a later turn. */
  next(): Promise<void> | undefined {
    if (this.waiting.length === 0 && this.hasTime()) return undefined;
    return new Promise((resolve) => void this.waiting.push(resolve));
  }

  private hasTime(): boolean {
    const now = performance.now();
    if (this.begunAt === null) {
      this.begunAt = now;
      setImmediate(this.nextTurn);
    }
    return now - this.begunAt < MAX_TURN_MS;
  }

  private readonly nextTurn = safely('Waiting handshakes', () => {
    this.begunAt = null;
    if (this.waiting.length > 0) return this.begin();
  });

  private async begin(): Promise<void> {
    let begun = 0;
    while (begun < this.waiting.length && this.hasTime()) {
      this.waiting[begun]!();
      begun += 1;
      // Until then the handshake runs, and all promises that it awaits without the network.
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    this.waiting.splice(0, begun);
  }
}
