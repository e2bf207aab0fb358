import { constants, deflateRawSync } from 'node:zlib';

/** First byte of a text frame: opcode 1 with FIN set. */
const FIN_TEXT = 0x81;
/** RSV1: the payload is compressed (RFC 7692). */
const COMPRESSED = 0x40;

/** Smaller frames are not compressed: it would save less than a packet. */
export const COMPRESS_FROM_BYTES = 1_024;
/** Larger frames are not compressed either: it would block the event loop. */
export const COMPRESS_UP_TO_BYTES = 1_048_576;

/** Returns the bytes of one unmasked text frame, and the offset of its payload. */
export function frameText(text: string): { readonly wire: Buffer; readonly payloadAt: number } {
  const length = Buffer.byteLength(text);
  const payloadAt = headLength(length);
  const wire = Buffer.allocUnsafe(payloadAt + length);
  writeHead(wire, FIN_TEXT, length);
  wire.write(text, payloadAt);
  return { wire, payloadAt };
}

/**
 * Compresses a frame without context, for all clients that negotiated `server_no_context_takeover`.
 * @returns `null` if it is too small, too large, or would not become smaller
 */
export function frameDeflated(payload: Buffer): Buffer | null {
  if (payload.length < COMPRESS_FROM_BYTES || payload.length > COMPRESS_UP_TO_BYTES) return null;
  const flushed = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
  // The end of a flush (00 00 ff ff) is omitted in the frame: RFC 7692, 7.2.1.
  const length = flushed.length - 4;
  if (length >= payload.length) return null;
  const payloadAt = headLength(length);
  const wire = Buffer.allocUnsafe(payloadAt + length);
  writeHead(wire, FIN_TEXT | COMPRESSED, length);
  flushed.copy(wire, payloadAt, 0, length);
  return wire;
}

const DATA = Buffer.from('data: ');
const END_OF_BLOCK = Buffer.from('\n\n');
const [LINE_FEED, CARRIAGE_RETURN, SPACE] = Buffer.from('\n\r ');

/**
 * Returns the block of a frame in a stream of server-sent events. Line breaks would end the block. In JSON they occur only between
 * values, where a space means the same.
 */
export function eventBlock(json: Buffer): Buffer {
  const block = Buffer.concat([DATA, json, END_OF_BLOCK]);
  if (!json.includes(LINE_FEED!) && !json.includes(CARRIAGE_RETURN!)) return block;
  const end = block.length - END_OF_BLOCK.length;
  for (let at = 0; at < end; at += 1) {
    if (block[at] === LINE_FEED || block[at] === CARRIAGE_RETURN) block[at] = SPACE!;
  }
  return block;
}

/** Returns the block that names the position of a client in a stream. By itself it is no message. */
export function idBlock(cursor: string): Buffer {
  return Buffer.from(`id: ${cursor}\n\n`);
}

function headLength(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

function writeHead(wire: Buffer, first: number, length: number): void {
  wire[0] = first;
  if (length < 126) wire[1] = length;
  else if (length < 65_536) {
    wire[1] = 126;
    wire.writeUInt16BE(length, 2);
  } else {
    wire[1] = 127;
    wire.writeBigUInt64BE(BigInt(length), 2);
  }
}
