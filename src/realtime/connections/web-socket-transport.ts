import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { safely } from '../observability/run-safely.js';

/**
 * Access to private parts of `ws`; no other file uses them. Writing a prebuilt frame directly to the socket makes
 * fan-out cheap: `ws.send` builds a header and queues a callback for each receiver, and it accepts neither joined
 * frames nor frames that were compressed once for all clients. A direct write is safe only while the sender of `ws` is
 * idle; otherwise it would overtake buffered bytes. Private fields show whether it is idle. Each is checked, and if one
 * is missing, the caller uses `ws.send`.
 */

/** The private fields of `ws` (8.23) that are used. */
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

type WebSocketState = Pick<WebSocket, 'readyState' | 'OPEN'>;

/** `_state` of a sender that is neither compressing nor reading a blob. */
const IDLE = 0;

let directWrites = true;

/** For tests. With `false`, everything is sent with `ws.send`, as if the internals of `ws` were not as expected. */
export function allowDirectWrites(allow: boolean): void {
  directWrites = allow;
}

/** Returns the socket of an open connection whose sender is idle, so that a direct write keeps the order; otherwise `null`. */
export function idleSocket(webSocket: WebSocketState): Socket | null {
  const { _socket: socket, _sender: sender } = webSocket as WebSocketInternals;
  if (socket === undefined || sender === undefined || webSocket.readyState !== webSocket.OPEN) return null;
  const idle = sender._state === IDLE && sender._firstFragment === true && sender._queue?.length === 0;
  return idle && directWrites && socket.writable ? socket : null;
}

/**
 * Returns true if a client can read frames that were compressed for all clients: no context takeover, and no smaller window
 * requested.
 */
export function readsSharedDeflate(webSocket: WebSocketState): boolean {
  const params = (webSocket as WebSocketInternals)._extensions?.['permessage-deflate']?.params;
  return params?.server_no_context_takeover === true && params.server_max_window_bits === undefined;
}

/** Releases the decompressor of the last message (about 40 KB). Without context takeover, the next message does not need it. */
export function releaseInflate(webSocket: WebSocketState): void {
  const deflate = (webSocket as WebSocketInternals)._extensions?.['permessage-deflate'];
  if (!deflate?._inflate) return;
  deflate._inflate.close();
  deflate._inflate = null;
}

/** `_state` of a receiver that waits for the first bytes of a frame. */
const GET_INFO = 0;

/** Returns true if a message was received only partially. */
export function hasPartialMessage(webSocket: Pick<WebSocket, 'readyState'>): boolean {
  const { _receiver: receiver } = webSocket as WebSocketInternals;
  if (receiver === undefined) return false;
  return receiver._fragmented !== 0 || receiver._state !== GET_INFO || receiver._bufferedBytes !== 0;
}

/**
 * Combines replies into one write. Called for each message: if more frames of the client are already in memory, all replies to
 * them are sent together. Their order does not change.
 */
export function corkReplies(webSocket: Pick<WebSocket, 'readyState'>): void {
  const { _socket: socket, _receiver: receiver } = webSocket as WebSocketInternals;
  if (socket === undefined || !directWrites || socket.writableCorked > 0) return;
  if (typeof receiver?._bufferedBytes !== 'number' || receiver._bufferedBytes === 0) return;
  socket.cork();
  process.nextTick(uncork, socket);
}

const uncork = safely('The answers of one turn', (socket: Socket) => socket.uncork());
