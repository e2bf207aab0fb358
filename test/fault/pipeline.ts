import { connect, type Socket } from 'node:net';
import type { Answer } from './post.js';

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly timer: NodeJS.Timeout;
}

export interface PipelineOptions {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/**
 * Posts JSON over one connection without waiting for responses (HTTP/1.1 pipelining): the server receives the requests
 * in order.
 */
export class Pipeline {
  private socket: Socket | null = null;
  private connected = false;
  private received = Buffer.alloc(0);
  private waiting: Waiting[] = [];

  constructor(private readonly options: PipelineOptions) {}

  /** Number of pending requests. */
  get underWay(): number {
    return this.waiting.length;
  }

  /** Never rejects. A request without a response in time closes the connection, which ends all requests behind it. */
  post(body: unknown): Promise<Answer> {
    const { path, headers, timeoutMs } = this.options;
    const socket = this.socket ?? this.open();
    const text = JSON.stringify(body);
    const lines = {
      Host: '127.0.0.1',
      ...headers,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    };
    const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
    return new Promise((resolve) => {
      const waiting: Waiting = {
        resolve,
        timer: setTimeout(() => {
          this.settle(waiting, { kind: 'late' });
          socket.destroy();
        }, timeoutMs),
      };
      this.waiting.push(waiting);
      socket.write(`POST ${path} HTTP/1.1\r\n${head.join('')}\r\n${text}`);
    });
  }

  close(): void {
    this.socket?.destroy();
  }

  private open(): Socket {
    const socket = connect({ port: this.options.port, host: '127.0.0.1', noDelay: true });
    this.socket = socket;
    this.connected = false;
    this.received = Buffer.alloc(0);
    socket.once('connect', () => (this.connected = true));
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('error', () => undefined); // `close` follows
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      this.socket = null;
      for (const one of [...this.waiting]) this.settle(one, { kind: this.connected ? 'broken' : 'refused' });
    });
    return socket;
  }

  private take(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.received.toString('latin1', 0, end);
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.NaN);
      if (Number.isNaN(length)) throw new Error(`An answer without a length: ${head}`);
      const from = end + 4;
      if (this.received.length < from + length) return;
      const body: unknown = JSON.parse(this.received.toString('utf8', from, from + length));
      this.received = this.received.subarray(from + length);
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
      this.settle(this.waiting[0]!, { kind: 'answered', status, body });
    }
  }

  private settle(waiting: Waiting, answer: Answer): void {
    clearTimeout(waiting.timer);
    this.waiting = this.waiting.filter((one) => one !== waiting);
    waiting.resolve(answer);
  }
}
