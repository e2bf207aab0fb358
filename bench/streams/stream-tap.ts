import { once } from 'node:events';
import { WebSocket } from 'ws';

interface Frame {
  readonly type: string;
  readonly channel?: string;
  readonly next?: number;
  readonly text?: string;
  readonly ref?: string;
}

/** A client of streams that counts their frames and bytes, with the headers of WebSocket frames. */
export class StreamTap {
  /** Frames with text, their bytes on the wire, and the bytes of their text. */
  frames = 0;
  wireBytes = 0;
  textBytes = 0;
  /** Number of answers and refusals. */
  answers = 0;
  refusals = 0;
  private wanted: { readonly holds: () => boolean; readonly resolve: () => void } | null = null;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.take(data));
  }

  static async open(port: number): Promise<StreamTap> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { perMessageDeflate: false });
    const tap = new StreamTap(socket);
    await once(socket, 'open');
    return tap;
  }

  /** Subscribes to streams from their beginning. */
  async read(channels: readonly string[]): Promise<void> {
    const before = this.answers;
    for (const channel of channels) this.send({ type: 'subscribe', channel, stream: {} });
    await this.until(() => this.answers - before === channels.length);
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  async until(holds: () => boolean): Promise<void> {
    if (!holds()) await new Promise<void>((resolve) => (this.wanted = { holds, resolve }));
  }

  reset(): void {
    this.frames = this.wireBytes = this.textBytes = 0;
  }

  close(): void {
    this.socket.terminate();
  }

  private take(data: Buffer): void {
    const { type, text } = JSON.parse(data.toString()) as Frame;
    if (type === 'stream' && text !== undefined) {
      this.frames += 1;
      this.wireBytes += data.length + headerBytes(data.length);
      this.textBytes += Buffer.byteLength(text);
    } else if (type === 'error') this.refusals += 1;
    else if (type === 'subscribed' || type === 'stream_cancelled') this.answers += 1;
    if (this.wanted?.holds() !== true) return;
    const { resolve } = this.wanted;
    this.wanted = null;
    resolve();
  }
}

/** Size of the header of a frame from a server. */
function headerBytes(payload: number): number {
  return payload < 126 ? 2 : payload < 65_536 ? 4 : 10;
}
