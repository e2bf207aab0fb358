import type { ServerResponse } from 'node:http';
import { eventBlock, idBlock } from '../connections/frame-bytes.js';
import type { StreamCursor } from '../connections/stream-cursor.js';
import type { FrameWriter, SharedForm, Transport } from '../connections/transport.js';
import { safely } from '../observability/run-safely.js';

/** The part that responses of HTTP/1 and HTTP/2 have in common. */
export type StreamResponse = StreamBody & Pick<ServerResponse, 'end' | 'writableEnded'>;

/** Takes the bytes of a response: the response, or the socket of a response that is not chunked. */
export type StreamBody = Pick<ServerResponse, 'write' | 'cork' | 'uncork' | 'writableLength'>;

/** A comment, which clients ignore. */
const HEARTBEAT = Buffer.from(':\n\n');

/** Minimum of `retry:`. A client keeps this time until a stream names another one, so it must not cause a busy loop. */
const MIN_RETRY_MS = 250;

/**
 * Bytes of a turn after which the cursor is written. A client whose connection is always cut after some time would otherwise never
 * get past a long replay.
 */
const CURSOR_EVERY_BYTES = 16_384;

/** The code of a connection that its client ended: a stream cannot carry a close code of the client. */
const NO_CODE = 1005;

/**
 * A connection over a response of server-sent events. Each frame is a block with one line of data. At the end of each turn of the
 * event loop, and within long turns, a block with an `id` names the cursor, if it has moved. A client cannot send anything over a
 * response: its frames come with other requests.
 */
export class StreamTransport implements Transport, FrameWriter {
  /** Called when earlier bytes have left this process, so that the client or a proxy still reads. */
  onAlive: () => void = () => undefined;
  /** The code with which the connection ended. */
  code = NO_CODE;
  private isClosed = false;
  private isJoining = false;
  private isReading = true;
  /** Bytes since the last cursor. */
  private uncoveredBytes = 0;
  private onRead: (() => void)[] = [];
  private timer: NodeJS.Timeout | null = null;

  /** @param carrier the connection, which is destroyed instead of the response: a response that waits behind an earlier one cannot be */
  constructor(
    private readonly response: StreamResponse,
    private readonly body: StreamBody,
    private readonly carrier: { destroy(): unknown },
    readonly cursor: StreamCursor,
    private readonly closeTimeoutMs: number,
  ) {}

  get kind(): string {
    return 'stream';
  }

  get sharedForm(): SharedForm {
    return 'block';
  }

  get isOpen(): boolean {
    return !this.isClosed && !this.response.writableEnded;
  }

  get bufferedBytes(): number {
    return this.body.writableLength;
  }

  get writableLength(): number {
    return this.body.writableLength;
  }

  get isPaused(): boolean {
    return !this.isReading;
  }

  get hasPartialMessage(): boolean {
    return false;
  }

  get frameWriter(): FrameWriter | null {
    return this.isOpen ? this : null;
  }

  write(block: Buffer, onSent?: () => void): boolean {
    // The cursor follows, unless the block contains it.
    if (!this.cursor.hasMoved) return this.body.write(block, onSent);
    this.joinWrites();
    this.uncoveredBytes += block.length;
    const isBelowLimit = this.body.write(block, onSent);
    if (this.uncoveredBytes >= CURSOR_EVERY_BYTES) this.writeCursor();
    return isBelowLimit;
  }

  send(frame: string | Buffer, onSent?: () => void): void {
    if (this.isOpen) this.join(eventBlock(typeof frame === 'string' ? Buffer.from(frame) : frame), onSent);
    else onSent?.();
  }

  joinWrites(): void {
    if (this.isJoining || !this.isOpen) return;
    this.isJoining = true;
    this.body.cork();
    process.nextTick(endTurn, this);
  }

  writeJoined(): void {
    if (!this.isJoining) return;
    this.isJoining = false;
    if (!this.isOpen) return;
    this.writeCursor();
    this.body.uncork();
  }

  private writeCursor(): void {
    this.uncoveredBytes = 0;
    const cursor = this.cursor.takeChange();
    if (cursor !== null) this.body.write(idBlock(cursor));
  }

  /** Sends a comment. A stream has no pong: when the bytes of the comment have left, all earlier ones have left, too. */
  ping(): void {
    if (this.isOpen) this.join(HEARTBEAT, this.onAlive);
  }

  pong(): void {
    // A client cannot send a WebSocket ping over a stream.
  }

  pause(): void {
    this.isReading = false;
  }

  resume(): void {
    this.isReading = true;
    for (const onRead of this.onRead.splice(0)) onRead();
  }

  /** Resolves when the next frames of the client can be taken, or the connection has ended. */
  async whenReading(): Promise<void> {
    if (this.isPaused && this.isOpen) await new Promise<void>((resolve) => void this.onRead.push(resolve));
  }

  reconnectAfter(ms: number): void {
    if (this.isOpen) this.join(Buffer.from(`retry: ${Math.max(MIN_RETRY_MS, Math.ceil(ms))}\n\n`));
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.code = code;
    this.send(JSON.stringify({ type: 'closed', code, reason, timestamp: new Date().toISOString() }));
    this.writeJoined();
    this.response.end();
    const give = safely('The end of a stream', () => this.terminate());
    this.timer = setTimeout(give, this.closeTimeoutMs).unref();
  }

  terminate(): void {
    if (!this.isClosed) this.carrier.destroy();
  }

  private join(block: Buffer, onSent?: () => void): void {
    this.joinWrites();
    this.body.write(block, onSent);
  }

  /** Called when the response has closed. */
  closed(): void {
    this.isClosed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    for (const onRead of this.onRead.splice(0)) onRead();
  }
}

const endTurn = safely('The writes of one turn', (transport: StreamTransport) => transport.writeJoined());
