import { constants, deflateRawSync } from 'node:zlib';

/** An opcode of text with FIN set. */
const FIN_TEXT = 0x81;
/** RSV1: the payload is compressed (RFC 7692). */
const COMPRESSED = 0x40;

/** Below this many bytes a frame goes as it is: compressing would save less than a packet. */
export const COMPRESS_FROM_BYTES = 1_024;
/** Above this many bytes too: the loop would stand still meanwhile. */
export const COMPRESS_UP_TO_BYTES = 1_048_576;

/** The bytes of one unmasked text frame, and where its payload begins. */
export function frameText(text: string): { readonly wire: Buffer; readonly payloadAt: number } {
  const length = Buffer.byteLength(text);
  const payloadAt = headLength(length);
  const wire = Buffer.allocUnsafe(payloadAt + length);
  writeHead(wire, FIN_TEXT, length);
  wire.write(text, payloadAt);
  return { wire, payloadAt };
}

/**
 * The same frame compressed with no context, for every client that negotiated `server_no_context_takeover`.
 * @returns `null` where it is too small, too large, or would not become smaller
 */
export function frameDeflated(payload: Buffer): Buffer | null {
  if (payload.length < COMPRESS_FROM_BYTES || payload.length > COMPRESS_UP_TO_BYTES) return null;
  const flushed = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
  // The end of a flush (00 00 ff ff) is omitted on the wire: RFC 7692, 7.2.1.
  const length = flushed.length - 4;
  if (length >= payload.length) return null;
  const payloadAt = headLength(length);
  const wire = Buffer.allocUnsafe(payloadAt + length);
  writeHead(wire, FIN_TEXT | COMPRESSED, length);
  flushed.copy(wire, payloadAt, 0, length);
  return wire;
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
