import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/**
 * The one file that knows `ws` from the inside. Writing a frame that was built once straight to the socket is what makes
 * fan-out cheap: `ws.send` builds a header and queues a callback for each receiver, and the joined frames of a whole turn
 * cannot be given to it at all. It is safe only while the sender of `ws` is idle, else the bytes would overtake what it
 * holds back; private fields tell that, so each is looked for, and where one is missing the caller uses `ws.send`.
 */

/** A frame opcode of text with FIN set. */
const FIN_TEXT = 0x81;

/** The bytes of one unmasked text frame, and where its payload begins. */
export function frameText(text: string): { readonly wire: Buffer; readonly payloadAt: number } {
  const length = Buffer.byteLength(text);
  const payloadAt = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const wire = Buffer.allocUnsafe(payloadAt + length);
  wire[0] = FIN_TEXT;
  if (payloadAt === 2) wire[1] = length;
  else if (payloadAt === 4) {
    wire[1] = 126;
    wire.writeUInt16BE(length, 2);
  } else {
    wire[1] = 127;
    wire.writeBigUInt64BE(BigInt(length), 2);
  }
  wire.write(text, payloadAt);
  return { wire, payloadAt };
}

/** What of `ws` is used beyond its public face (8.23). */
interface Inside {
  readonly _socket?: Socket;
  readonly _sender?: {
    readonly _state?: unknown;
    readonly _firstFragment?: unknown;
    readonly _queue?: readonly unknown[];
  };
  readonly _receiver?: { readonly _state?: unknown; readonly _fragmented?: unknown; readonly _bufferedBytes?: unknown };
}

/** `_state` of a sender that neither compresses nor reads a blob. */
const IDLE = 0;

/** The socket under an open connection whose sender is idle: what is written to it now stands in order. `null` where that is not certain. */
export function idleSocket(webSocket: Pick<WebSocket, 'readyState' | 'OPEN'>): Socket | null {
  const { _socket: socket, _sender: sender } = webSocket as Inside;
  if (socket === undefined || sender === undefined || webSocket.readyState !== webSocket.OPEN) return null;
  const idle = sender._state === IDLE && sender._firstFragment === true && sender._queue?.length === 0;
  return idle && socket.writable ? socket : null;
}

/** `_state` of a receiver that waits for the first bytes of a frame. */
const GET_INFO = 0;

/** Whether a message has begun and is not whole yet. */
export function isHalfSent(webSocket: Pick<WebSocket, 'readyState'>): boolean {
  const { _receiver: receiver } = webSocket as Inside;
  if (receiver === undefined) return false;
  return receiver._fragmented !== 0 || receiver._state !== GET_INFO || receiver._bufferedBytes !== 0;
}
