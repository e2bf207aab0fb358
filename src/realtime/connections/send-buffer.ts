import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { EventBatch, EventFrame } from './event-frame.js';
import { idleSocket, readsSharedDeflate } from './ws-internals.js';

/** The part of a socket that a send buffer uses. */
export type SendBufferSocket = Pick<WebSocket, 'readyState' | 'bufferedAmount' | 'send' | 'pong' | 'close' | 'OPEN'>;

const NOTHING = Buffer.alloc(0);

/** A replay that waits for room in a send buffer. */
export interface Waiter {
  /** Memory that it holds meanwhile, in bytes. */
  readonly heldBytes: number;
  /** It waits no longer. */
  readonly ended: boolean;
}

/**
 * The frames that wait to be sent to one connection. It is bounded: if more than `maxBytes` wait, further frames are
 * not queued, and `onSlow` is called.
 */
export class SendBuffer {
  private closed = false;
  /** True if the client can read frames that were compressed once for all clients. */
  private readonly deflates: boolean;
  /** Waiter → wakes it. */
  private waiting: Map<Waiter, () => void> | null = null;

  constructor(
    private readonly socket: SendBufferSocket,
    private readonly maxBytes: number,
    private readonly onSlow: () => void,
  ) {
    this.deflates = readsSharedDeflate(socket);
  }

  /** Bytes that wait, those of replays included. */
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
    // `ws` must never compress: for each connection by itself it costs a hundred times what sharing costs.
    this.socket.send(frame, { binary: false, compress: false }, this.onSent);
    return true;
  }

  /** Queues one event of a replay. @returns false if the connection is closing or too slow */
  sendEvent(frame: EventFrame): boolean {
    if (!this.canAccept()) return false;
    const socket = idleSocket(this.socket);
    if (socket === null) return this.send(frame.bytes);
    socket.write(this.deflates ? frame.deflated : frame.wire, this.onSent);
    return true;
  }

  /** Where frames that were built once can be written past `ws` in this step; `null` where they cannot. */
  get idleSocket(): Socket | null {
    return idleSocket(this.socket);
  }

  /**
   * Queues the events of one turn in a single write, where that keeps the order, else one by one.
   * @param socket {@link idleSocket}, looked up in the same step
   * @returns how many were queued
   */
  sendBatch(batch: EventBatch, socket: Socket | null): number {
    if (this.closed) return 0;
    if (socket === null) return this.sendEach(batch);
    // While the sender is idle, all that waits is in the socket: `bufferedAmount` at half the cost, once per delivery.
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

  /** Answers a WebSocket ping, unless the connection is closing, or too slow. */
  pong(data: Buffer): void {
    if (this.canAccept()) this.socket.pong(data);
  }

  /** True if a replay can continue: it keeps the queue short, so that it does not make its own client a slow one. */
  get isBelowReplayLimit(): boolean {
    return this.socket.bufferedAmount <= this.maxBytes / 4;
  }

  /** Resolves once there is room, once the waiter has ended, or once the connection closes (`false`). */
  async whenBelowReplayLimit(waiter: Waiter): Promise<boolean> {
    while (!this.closed && !this.isBelowReplayLimit && !waiter.ended) {
      // Writes that bypass `ws` invoke no callback, so an empty write with a callback follows them.
      idleSocket(this.socket)?.write(NOTHING, this.onSent);
      await new Promise<void>((resolve) => (this.waiting ??= new Map()).set(waiter, resolve));
    }
    return !this.closed;
  }

  /** The waiter has ended: a client that does not read would keep it for ever. */
  forget(waiter: Waiter): void {
    const wake = this.waiting?.get(waiter);
    this.waiting?.delete(waiter);
    wake?.();
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
    if (this.waiting !== null && (this.closed || this.isBelowReplayLimit)) this.wake();
  };

  private wake(): void {
    const { waiting } = this;
    this.waiting = null;
    for (const wake of waiting?.values() ?? []) wake();
  }

  /** Slow readers are seen before they are written to. */
  private canAccept(): boolean {
    if (this.closed || this.socket.readyState !== this.socket.OPEN) return false;
    if (this.socket.bufferedAmount <= this.maxBytes) return true;
    this.onSlow();
    return false;
  }
}
