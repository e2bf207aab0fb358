import { randomBytes } from 'node:crypto';
import { TcpClient, upgradeRequest, type UpgradeRequest } from '../../support/tcp.js';

export const TEXT = 1;
export const BINARY = 2;
export const CONTINUATION = 0;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface FrameParts {
  /** Final fragment of its message. @default true */
  readonly fin?: boolean;
  /** Masks the frame, as clients must. @default true */
  readonly masked?: boolean;
}

/** Encodes one client frame. */
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

/** Decodes all complete server frames. */
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

/** A WebSocket client without automatic replies: no pong, no close. */
export class RawWebSocket {
  private constructor(readonly tcp: TcpClient) {}

  /** Sends the upgrade together with the bytes that follow it. Resolves when the upgrade was accepted. */
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

  /** All received frames. */
  get frames(): ReceivedFrame[] {
    return decodeFrames(this.tcp.bytes.subarray(this.tcp.bytes.indexOf('\r\n\r\n') + 4));
  }

  /** Parsed text frames. */
  get messages(): Record<string, unknown>[] {
    return this.frames
      .filter(({ opcode }) => opcode === TEXT)
      .map(({ payload }) => JSON.parse(payload.toString()) as Record<string, unknown>);
  }

  /** Code of the close frame, if there is one. */
  get closeCode(): number | undefined {
    return this.frames.find(({ opcode }) => opcode === CLOSE)?.payload.readUInt16BE(0);
  }

  send(opcode: number, payload?: string | Buffer, parts?: FrameParts): void {
    this.tcp.send(encodeFrame(opcode, payload, parts));
  }

  sendJson(frame: object): void {
    this.send(TEXT, JSON.stringify(frame));
  }

  /** Resolves once the received bytes contain this text. */
  until(text: string): Promise<void> {
    return this.tcp.until(text);
  }
}
