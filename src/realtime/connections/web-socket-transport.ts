import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { safely } from '../observability/run-safely.js';
import type { FrameWriter, SharedForm, Transport } from './transport.js';

/** The private fields of `ws` (8.23) that are used. No other file uses them. */
interface WebSocketInternals {
  readonly _socket?: Socket;
  readonly _sender?: {
    readonly _state?: unknown;
    readonly _firstFragment?: unknown;
    readonly _queue?: readonly unknown[];
  };
  readonly _receiver?: { readonly _state?: unknown; readonly _fragmented?: unknown; readonly _bufferedBytes?: unknown };
  readonly _extensions?: {
    readonly 'permessage-deflate'?: {
      readonly params?: Readonly<Record<string, unknown>>;
      _inflate?: { close(): void } | null;
    };
  };
}

/** `_state` of a sender that is neither compressing nor reading a blob. */
const IDLE = 0;

/** `_state` of a receiver that waits for the first bytes of a frame. */
const GET_INFO = 0;

let directWrites = true;

/** For tests. With `false`, everything is sent with `ws.send`, as if the internals of `ws` were not as expected. */
export function allowDirectWrites(allow: boolean): void {
  directWrites = allow;
}

/**
 * A connection over `ws`. Frames that were built once for many clients are written directly to its socket, which makes
 * fan-out cheap: `ws.send` builds a header and queues a callback for each receiver, and it accepts neither joined
 * frames nor frames that were compressed once for all clients. A direct write is safe only while the sender of `ws` is
 * idle; otherwise it would overtake buffered bytes. Private fields show whether it is idle. Each is checked, and if one
 * is missing, `ws.send` is used.
 */
export class WebSocketTransport implements Transport {
  /** Compressed without context takeover, and if no smaller window was requested. */
  readonly sharedForm: SharedForm;

  constructor(private readonly webSocket: WebSocket) {
    const params = (webSocket as WebSocketInternals)._extensions?.['permessage-deflate']?.params;
    const readsDeflated =
      params?.['server_no_context_takeover'] === true && params['server_max_window_bits'] === undefined;
    this.sharedForm = readsDeflated ? 'deflated' : 'wire';
  }

  get kind(): string {
    return 'websocket';
  }

  /** The clients remember the positions. */
  get cursor(): null {
    return null;
  }

  get isOpen(): boolean {
    return this.webSocket.readyState === this.webSocket.OPEN;
  }

  get bufferedBytes(): number {
    return this.webSocket.bufferedAmount;
  }

  get isPaused(): boolean {
    return this.webSocket.isPaused;
  }

  get hasPartialMessage(): boolean {
    const { _receiver: receiver } = this.webSocket as WebSocketInternals;
    if (receiver === undefined) return false;
    return receiver._fragmented !== 0 || receiver._state !== GET_INFO || receiver._bufferedBytes !== 0;
  }

  get frameWriter(): FrameWriter | null {
    const { webSocket } = this;
    const { _socket: socket, _sender: sender } = webSocket as WebSocketInternals;
    if (socket === undefined || sender === undefined || webSocket.readyState !== webSocket.OPEN) return null;
    const idle = sender._state === IDLE && sender._firstFragment === true && sender._queue?.length === 0;
    return idle && directWrites && socket.writable ? socket : null;
  }

  send(frame: string | Buffer, onSent?: () => void): void {
    // `ws` must never compress: compressing per connection costs a hundred times as much as compressing once for all.
    this.webSocket.send(frame, { binary: false, compress: false }, onSent);
  }

  joinWrites(): void {
    const { _socket: socket } = this.webSocket as WebSocketInternals;
    if (socket === undefined || !directWrites || socket.writableCorked > 0) return;
    socket.cork();
    process.nextTick(uncork, socket);
  }

  writeJoined(): void {
    const { _socket: socket } = this.webSocket as WebSocketInternals;
    if (socket !== undefined && directWrites) socket.uncork();
  }

  ping(): void {
    this.webSocket.ping();
  }

  pong(data: Buffer): void {
    this.webSocket.pong(data);
  }

  pause(): void {
    this.webSocket.pause();
  }

  resume(): void {
    this.webSocket.resume();
  }

  reconnectAfter(): void {
    // The frame `reconnect` names it.
  }

  close(code: number, reason: string): void {
    this.webSocket.close(code, reason);
  }

  terminate(): void {
    this.webSocket.terminate();
  }
}

/** Releases the decompressor of the last message (about 40 KB). Without context takeover, the next message does not need it. */
export function releaseInflate(webSocket: WebSocket): void {
  const deflate = (webSocket as WebSocketInternals)._extensions?.['permessage-deflate'];
  if (!deflate?._inflate) return;
  deflate._inflate.close();
  deflate._inflate = null;
}

const uncork = safely('The writes of one turn', (socket: Socket) => socket.uncork());
