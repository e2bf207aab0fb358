import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { within } from '../../support/within.js';

/** Bytes on the wire, including the headers of HTTP and of frames. */
export interface Traffic {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const PATIENCE_MS = 20_000;

/** Sends one HTTP request on a new connection. @returns the answer, up to the point where `isEnd` returns true */
export async function exchange(
  port: number,
  request: string,
  isEnd: (text: string) => boolean = () => false,
): Promise<Traffic & { readonly text: string; readonly status: number }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1');
    if (isEnd(text)) socket.destroy();
  });
  socket.on('error', () => undefined); // the server may answer before it has read everything, and reset; `close` follows
  socket.write(request, 'latin1');
  await within(PATIENCE_MS, () => `the end of ${request.slice(0, 200)}; received: ${text}`, once(socket, 'close'));
  return { text, status: Number(text.slice(9, 12)), bytesIn: socket.bytesWritten, bytesOut: socket.bytesRead };
}

/** Like {@link exchange}, but the connection stays open. */
export async function stay(
  port: number,
  request: string,
  isEnd: (text: string) => boolean,
): Promise<Traffic & { readonly status: number; readonly socket: Socket }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const answered = new Promise<void>((resolve) => {
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      if (isEnd(text)) resolve();
    });
  });
  socket.write(request, 'latin1');
  await within(PATIENCE_MS, () => `the answer to ${request.slice(0, 200)}; received: ${text}`, answered);
  return { status: Number(text.slice(9, 12)), bytesIn: socket.bytesWritten, bytesOut: socket.bytesRead, socket };
}

/** A WebSocket client that counts the bytes its socket has sent and received. */
export class MeteredClient {
  /** Number of received messages. */
  received = 0;
  private socket!: Socket;
  private onReceived: () => void = () => undefined;
  private readonly refs = new Map<string, () => void>();
  private fences = 0;
  private readonly closed: Promise<unknown>;

  private constructor(readonly webSocket: WebSocket) {
    webSocket.once('upgrade', (response) => (this.socket = response.socket));
    webSocket.on('error', () => undefined);
    this.closed = once(webSocket, 'close');
    webSocket.on('message', (data: Buffer) => {
      this.received += 1;
      this.onReceived();
      if (data.length > 400) return; // not an answer to a fence
      const { ref } = JSON.parse(data.toString()) as { ref?: string };
      if (ref !== undefined) this.refs.get(ref)?.();
    });
  }

  static async connect(port: number, token: string, compression = false): Promise<MeteredClient> {
    const url = `ws://127.0.0.1:${port}/ws?token=${token}`;
    const client = new MeteredClient(new WebSocket(url, { perMessageDeflate: compression }));
    await within(PATIENCE_MS, 'the first frame', once(client.webSocket, 'message'));
    return client;
  }

  get traffic(): Traffic {
    return { bytesIn: this.socket.bytesWritten, bytesOut: this.socket.bytesRead };
  }

  /** Sends an object as JSON, a string unchanged, and bytes as a binary frame. */
  send(frame: object | string | Buffer): void {
    this.webSocket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** Resolves when the server has answered all earlier frames. */
  async fence(): Promise<void> {
    const ref = `fence ${(this.fences += 1)}`;
    const answered = new Promise<void>((resolve) => this.refs.set(ref, resolve));
    this.send({ type: 'ping', ref });
    const ended = this.closed.then(() => {
      throw new Error('The server closed the connection');
    });
    await within(PATIENCE_MS, 'the answer to a ping', Promise.race([answered, ended]));
    this.refs.delete(ref);
  }

  /** Resolves when this many messages have been received since the connection opened. */
  async untilReceived(count: number): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.onReceived = () => {
        if (this.received >= count) resolve();
      };
      this.onReceived();
    });
    await within(PATIENCE_MS, `${count} messages`, answered);
  }

  async close(): Promise<void> {
    this.webSocket.close();
    await this.closed;
  }
}
