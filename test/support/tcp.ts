import { EventEmitter, once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { within } from './within.js';

/** A raw TCP client, for bytes that no well-behaved client sends. */
export class TcpClient {
  private received = Buffer.alloc(0);
  private ended = false;
  private readonly news = new EventEmitter().setMaxListeners(0);

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.news.emit('news');
    });
    socket.on('error', () => undefined); // a reset is also followed by `close`
    socket.once('close', () => {
      this.ended = true;
      this.news.emit('news');
    });
  }

  static async connect(port: number, options: { readonly tls?: boolean } = {}): Promise<TcpClient> {
    const socket = options.tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connectTcp({ port, host: '127.0.0.1' });
    await once(socket, options.tls ? 'secureConnect' : 'connect');
    return new TcpClient(socket);
  }

  /** Everything received so far. */
  get bytes(): Buffer {
    return this.received;
  }

  /** Everything received so far, one character per byte. */
  get text(): string {
    return this.received.toString('latin1');
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Resolves once the received bytes contain the text. Rejects if the other side closes first. */
  async until(text: string, milliseconds = 15_000): Promise<void> {
    const watch = async (): Promise<void> => {
      while (!this.text.includes(text)) {
        if (this.ended) throw new Error(`The connection ended without ${JSON.stringify(text)}: ${this.text}`);
        await once(this.news, 'news');
      }
    };
    await within(milliseconds, () => `${JSON.stringify(text)}; received: ${this.text}`, watch());
  }

  /** Resolves with everything received once the connection has closed. */
  async untilClosed(milliseconds = 15_000): Promise<string> {
    const watch = async (): Promise<void> => {
      while (!this.ended) await once(this.news, 'news');
    };
    await within(milliseconds, () => `an end; received: ${this.text}`, watch());
    return this.text;
  }

  /** Resets the connection (RST). */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Closes the connection immediately. */
  destroy(): void {
    this.socket.destroy();
  }
}

export interface UpgradeRequest {
  readonly path?: string;
  /** Headers in addition to those of a valid upgrade; `undefined` removes one. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** Formats the HTTP request of a WebSocket upgrade. */
export function upgradeRequest({ path = '/ws', headers = {} }: UpgradeRequest = {}): string {
  const all = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return [`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n');
}
