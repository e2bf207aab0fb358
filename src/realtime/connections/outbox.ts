import type { WebSocket } from 'ws';

/** What an outbox needs of a socket. */
export type OutboxSocket = Pick<WebSocket, 'readyState' | 'bufferedAmount' | 'send' | 'close' | 'terminate' | 'OPEN'>;

/**
 * What waits to be sent to one connection. It is bounded: a frame that would be added behind more than `maxBytes` is not
 * queued; the owner is told once that this connection reads too slowly.
 */
export class Outbox {
  private closed = false;
  private waiting: (() => void)[] | null = null;

  constructor(
    private readonly socket: OutboxSocket,
    private readonly maxBytes: number,
    private readonly onSlow: () => void,
  ) {}

  /** Bytes that wait. */
  get bufferedBytes(): number {
    return this.socket.bufferedAmount;
  }

  /**
   * Queues one text frame, in order.
   * @param frame text, or the UTF-8 bytes of a text that goes to many
   * @returns whether it was queued: not when the connection is closing, or too slow
   */
  send(frame: string | Buffer): boolean {
    if (this.closed || this.socket.readyState !== this.socket.OPEN) return false;
    if (this.socket.bufferedAmount > this.maxBytes) {
      this.onSlow();
      return false;
    }
    this.socket.send(frame, { binary: false }, this.onSent);
    return true;
  }

  /** Whether a replay may go on: it keeps the queue short, so that it never makes its own reader a slow one. */
  get hasRoom(): boolean {
    return this.socket.bufferedAmount <= this.maxBytes / 4;
  }

  /** Resolves once there is room, or once the connection closes (`false`). */
  async room(): Promise<boolean> {
    while (!this.closed && !this.hasRoom) {
      await new Promise<void>((resolve) => (this.waiting ??= []).push(resolve));
    }
    return !this.closed;
  }

  /** Closes after what is queued; nothing can be queued any more. The reason is at most 123 bytes. */
  close(code: number, reason: string): void {
    if (this.closed) return;
    this.end();
    this.socket.close(code, reason);
  }

  /** The socket is gone, or goes now. */
  end(): void {
    this.closed = true;
    this.wake();
  }

  private readonly onSent = (): void => {
    if (this.waiting !== null && this.hasRoom) this.wake();
  };

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = null;
    for (const resolve of waiting ?? []) resolve();
  }
}
