import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { EventBatch, EventFrame } from './event-frame.js';
import { idleSocket, readsSharedDeflate } from './ws-internals.js';

/** The part of a socket that a send buffer uses. */
export type SendBufferSocket = Pick<WebSocket, 'readyState' | 'bufferedAmount' | 'send' | 'pong' | 'close' | 'OPEN'>;

const NOTHING = Buffer.alloc(0);

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
  /** True if the client can read frames that were compressed once for all clients. */
  private readonly deflates: boolean;
  /** Waiting replays, with the function that wakes each. */
  private waiting: Map<Waiter, () => void> | null = null;

  constructor(
    private readonly socket: SendBufferSocket,
    private readonly maxBytes: number,
    private readonly onSlow: () => void,
  ) {
    this.deflates = readsSharedDeflate(socket);
  }

  /** Number of waiting bytes, including those of replays. */
  get bufferedBytes(): number {
    let bytes = this.socket.bufferedAmount;
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
    // `ws` must never compress: compressing per connection costs a hundred times as much as compressing once for all.
    this.socket.send(frame, { binary: false, compress: false }, this.onSent);
    return true;
  }

  /**
   * Queues one event of a replay.
   * @returns false if the connection is closing or too slow
   */
  sendEvent(frame: EventFrame): boolean {
    if (!this.canAccept()) return false;
    const socket = idleSocket(this.socket);
    if (socket === null) return this.send(frame.bytes);
    socket.write(this.deflates ? frame.deflated : frame.wire, this.onSent);
    return true;
  }

  /** The socket to which prebuilt frames can be written directly in this turn; `null` if they must go through `ws`. */
  get idleSocket(): Socket | null {
    return idleSocket(this.socket);
  }

  /**
   * Queues the events of one turn: in a single write if that keeps the order, otherwise one by one.
   * @param socket the result of {@link idleSocket} in the same turn
   * @returns the number of queued events
   */
  sendBatch(batch: EventBatch, socket: Socket | null): number {
    if (this.closed) return 0;
    if (socket === null) return this.sendEach(batch);
    // While the sender is idle, all waiting bytes are in the socket. `writableLength` costs half of `bufferedAmount`.
    if (socket.writableLength > this.maxBytes) {
      this.onSlow();
      return 0;
    }
    socket.write(this.deflates ? batch.deflated : batch.wire);
    return batch.frames.length;
  }

  private sendEach({ frames }: EventBatch): number {
    let sent = 0;
    for (const { bytes } of frames) if (this.send(bytes)) sent += 1;
    return sent;
  }

  /** Replies to a WebSocket ping, unless the connection is closing or too slow. */
  pong(data: Buffer): void {
    if (this.canAccept()) this.socket.pong(data);
  }

  /** True if a replay can continue. Replays keep the buffer short, so that they do not make their own client a slow one. */
  get isBelowReplayLimit(): boolean {
    return this.socket.bufferedAmount <= this.maxBytes / 4;
  }

  /** Resolves once the buffer is below the replay limit or the waiter has ended. Resolves with false if the connection closed. */
  async whenBelowReplayLimit(waiter: Waiter): Promise<boolean> {
    while (!this.closed && !this.isBelowReplayLimit && !waiter.ended) {
      // Direct writes do not call back, so an empty write with a callback follows them.
      idleSocket(this.socket)?.write(NOTHING, this.onSent);
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
    this.end();
    this.socket.close(code, reason);
  }

  /** Stops accepting frames, because the socket is closed or closing. */
  end(): void {
    this.closed = true;
    this.wake();
  }

  private readonly onSent = (): void => {
    if (this.waiting !== null && (this.closed || this.isBelowReplayLimit)) this.wake();
  };

  private wake(): void {
    const { waiting } = this;
    this.waiting = null;
    for (const wake of waiting?.values() ?? []) wake();
  }

  /** Returns true if a frame can be queued. A slow client is detected before the write. */
  private canAccept(): boolean {
    if (this.closed || this.socket.readyState !== this.socket.OPEN) return false;
    if (this.socket.bufferedAmount <= this.maxBytes) return true;
    this.onSlow();
    return false;
  }
}
