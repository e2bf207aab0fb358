import { randomBytes } from 'node:crypto';
import { TcpClient, upgradeRequest, type UpgradeRequest } from '../../support/tcp.js';

export const TEXT = 1;
export const BINARY = 2;
export const CONTINUATION = 0;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface FrameParts {
  /** Whether it is the last of its message; it is unless said otherwise. */
  readonly fin?: boolean;
  /** Every frame of a client has to be masked; it is unless said otherwise. */
  readonly masked?: boolean;
}

/** One frame as a client sends it. */
export function encodeFrame(opcode: number, payload: string | Buffer = '', parts: FrameParts = {}): Buffer {
  const { fin = true, masked = true } = parts;
  const data = Buffer.from(payload as string);
  const head = [(fin ? 0x80 : 0) | opcode];
  const mask = masked ? 0x80 : 0;
  if (data.length < 126) head.push(mask | data.length);
  else if (data.length < 65_536) head.push(mask | 126, data.length >> 8, data.length & 255);
  else head.push(mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (data.length >>> shift) & 255));
  if (!masked) return Buffer.concat([Buffer.from(head), data]);
  const key = randomBytes(4);
  return Buffer.concat([Buffer.from(head), key, data.map((byte, index) => byte ^ key[index % 4]!)]);
}

export interface ReceivedFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The whole frames of a server among these bytes. */
export function decodeFrames(bytes: Buffer): ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const opcode = bytes[at]! & 15;
    let length = bytes[at + 1]!;
    let start = at + 2;
    if (length === 126) [length, start] = [bytes.readUInt16BE(start), start + 2];
    else if (length === 127) [length, start] = [Number(bytes.readBigUInt64BE(start)), start + 8];
    if (start + length > bytes.length) break;
    frames.push({ opcode, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return frames;
}

/** A WebSocket client that answers nothing by itself: no pong, no close. */
export class RawWebSocket {
  private constructor(readonly tcp: TcpClient) {}

  /** Sends the upgrade, and in the same bytes whatever should come right behind it; resolves when it was accepted. */
  static async connect(
    port: number,
    request: UpgradeRequest = {},
    behind: readonly Buffer[] = [],
  ): Promise<RawWebSocket> {
    const tcp = await TcpClient.connect(port);
    tcp.send(Buffer.concat([Buffer.from(upgradeRequest(request)), ...behind]));
    await tcp.until('\r\n\r\n');
    return new RawWebSocket(tcp);
  }

  /** What arrived so far, frame by frame. */
  get frames(): ReceivedFrame[] {
    return decodeFrames(this.tcp.bytes.subarray(this.tcp.bytes.indexOf('\r\n\r\n') + 4));
  }

  /** The JSON of every text frame so far. */
  get messages(): Record<string, unknown>[] {
    return this.frames
      .filter(({ opcode }) => opcode === TEXT)
      .map(({ payload }) => JSON.parse(payload.toString()) as Record<string, unknown>);
  }

  /** The code of the close frame, once there is one. */
  get closeCode(): number | undefined {
    return this.frames.find(({ opcode }) => opcode === CLOSE)?.payload.readUInt16BE(0);
  }

  send(opcode: number, payload?: string | Buffer, parts?: FrameParts): void {
    this.tcp.send(encodeFrame(opcode, payload, parts));
  }

  sendJson(frame: object): void {
    this.send(TEXT, JSON.stringify(frame));
  }

  /** Resolves once a text of the server's holds this. */
  until(text: string): Promise<void> {
    return this.tcp.until(text);
  }
}
