import type { Random } from '../support/random.js';

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameShape {
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly masked?: boolean;
  /** Length that the header claims instead of the true one. */
  readonly length?: number;
}

/** Encodes one frame, valid or not. The mask comes from the seed. */
export function frame(random: Random, opcode: number, payload: Buffer, shape: FrameShape = {}): Buffer {
  const { fin = true, rsv = 0, masked = true, length = payload.length } = shape;
  const mask = masked ? 0x80 : 0;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  if (length < 126) head.push(mask | length);
  else if (length < 65_536) head.push(mask | 126, length >> 8, length & 255);
  else head.push(mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >>> shift) & 255));
  if (!masked) return Buffer.concat([Buffer.from(head), payload]);
  const key = bytes(random, 4);
  return Buffer.concat([Buffer.from(head), key, payload.map((byte, index) => byte ^ key[index % 4]!)]);
}

/** A fragmented message, with pings and pongs between the fragments. */
export function inPieces(random: Random, opcode: number, payload: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let rest = payload;
  for (let count = Math.floor(random.between(1, 6)); count > 0; count -= 1) {
    const size = Math.floor(random.between(0, rest.length + 1));
    pieces.push(
      frame(random, pieces.length === 0 ? opcode : OPCODES.continuation, rest.subarray(0, size), { fin: false }),
    );
    rest = rest.subarray(size);
    if (random.chance(0.3)) pieces.push(frame(random, random.pick([OPCODES.ping, OPCODES.pong]), bytes(random, 5)));
  }
  pieces.push(frame(random, OPCODES.continuation, rest));
  return Buffer.concat(pieces);
}

/** A frame that RFC 6455 forbids, or one that is unusual but valid. */
export function oddFrame(random: Random): Buffer {
  const payload = bytes(random, Math.floor(random.between(0, 200)));
  const opcode = Math.floor(random.between(0, 16));
  const shape: FrameShape = {
    fin: random.chance(0.7),
    rsv: random.chance(0.3) ? Math.floor(random.between(0, 8)) : 0,
    masked: random.chance(0.85),
  };
  const claims = random.chance(0.2)
    ? { length: Math.floor(random.pick([0, 1, 125, 126, 65_535, 65_536, 0x7fff_ffff])) }
    : {};
  return frame(random, opcode, payload, { ...shape, ...claims });
}

export function bytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random.between(0, 256))));
}

/** Splits bytes into pieces, as a network can do. */
export function cut(random: Random, whole: Buffer): Buffer[] {
  if (random.chance(0.5)) return [whole];
  const pieces: Buffer[] = [];
  for (let at = 0; at < whole.length;) {
    const size = Math.ceil(random.between(0, random.pick([3, 100, 5_000])));
    pieces.push(whole.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
