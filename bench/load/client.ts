import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { clientFrame } from './client-frame.js';
import { FrameCounter } from './frame-counter.js';
import { StreamCounter } from './stream-counter.js';

/** How to connect and subscribe to a server. In strings, `{n}` is replaced by the connection's number, `{token}` by its token. */
export interface ConnectOptions {
  readonly port: number;
  readonly tls?: boolean;
  /** Opens a stream of server-sent events instead of a WebSocket. */
  readonly stream?: boolean;
  /** Address to connect from: one address has 28,000 ports. @default 127.0.0.1 */
  readonly from?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Frames to send once the upgrade is accepted. */
  readonly hello?: readonly string[];
  /** Data frames of the server after which the connection is ready. */
  readonly readyAfter: number;
}

/** One buffer for all reads of this process, because no data is kept. */
const BUFFER = Buffer.allocUnsafe(262_144);
const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
};
const UPGRADED = Buffer.from('HTTP/1.1 101');
const STREAMS = Buffer.from('HTTP/1.1 200');
const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** A client with minimal cost: it counts frames and discards them. */
export class Client {
  readonly ready: Promise<void>;
  /** Called once the socket is closed. */
  onClose: (() => void) | null = null;
  /** Receives all bytes after the upgrade. */
  watch: ((bytes: Buffer) => void) | null = null;
  private readonly socket: Socket;
  private readonly counter: FrameCounter | StreamCounter;
  private head: Buffer | null = Buffer.alloc(0);
  private settle!: { resolve: () => void; reject: (error: Error) => void };

  constructor(
    private readonly connectOptions: ConnectOptions,
    fill: (text: string) => string,
    private readonly onFrames: (count: number) => void,
  ) {
    this.ready = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    const { port, from, path, headers = {}, hello = [], stream = false } = connectOptions;
    this.counter = stream ? new StreamCounter() : new FrameCounter();
    const onread = {
      buffer: BUFFER,
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.read(buffer as Buffer, length);
        return true;
      },
    };
    this.socket = connectOptions.tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connectTcp({ port, host: '127.0.0.1', onread, ...(from && { localAddress: from }) });
    if (connectOptions.tls) this.socket.on('data', (bytes: Buffer) => this.read(bytes, bytes.length));
    this.socket.setNoDelay(true);
    this.socket.on('error', (error) => this.settle.reject(error));
    this.socket.on('close', () => {
      this.settle.reject(new Error('The server closed the connection'));
      this.onClose?.();
    });
    const lines = Object.entries({
      Host: `127.0.0.1:${port}`,
      ...(stream ? { Accept: 'text/event-stream' } : UPGRADE),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}`);
    this.socket.write(fill(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`));
    this.hello = hello.map((text) => clientFrame(fill(text)));
  }

  private readonly hello: readonly Buffer[];

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  destroy(): void {
    this.socket.destroy();
  }

  private read(buffer: Buffer, length: number): void {
    let bytes = buffer.subarray(0, length);
    if (this.head !== null) {
      this.head = Buffer.concat([this.head, bytes]);
      const end = this.head.indexOf(END_OF_HEAD);
      if (end < 0) return;
      if (!this.head.subarray(0, 12).equals(this.connectOptions.stream === true ? STREAMS : UPGRADED)) {
        this.settle.reject(new Error(this.head.toString('latin1', 0, end)));
        this.socket.destroy();
        return;
      }
      bytes = this.head.subarray(end + 4);
      this.head = null;
      for (const frame of this.hello) this.socket.write(frame);
      if (this.connectOptions.readyAfter === 0) this.settle.resolve();
    }
    const count = this.counter.push(bytes);
    if (this.counter.frames >= this.connectOptions.readyAfter) this.settle.resolve();
    if (count > 0) this.onFrames(count);
    this.watch?.(bytes);
  }
}
