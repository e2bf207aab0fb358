import { EventEmitter } from 'node:events';
import { WebSocket } from 'ws';
import { StreamRefused, StreamSocket, type StreamOptions } from '../sse/support/stream-socket.js';

/** The part of a WebSocket that clients use. */
export type Line = Pick<WebSocket, 'close' | 'on' | 'once' | 'pause' | 'readyState' | 'resume' | 'send' | 'terminate'>;

/**
 * A stream of server-sent events with the events and states of a WebSocket. Frames are sent with POST to the same port. The line
 * breaks if one of them is not taken: its client cannot know whether the connection received it.
 */
export class StreamLine extends EventEmitter {
  readyState: WebSocket['readyState'] = WebSocket.CONNECTING;
  private socket: StreamSocket | null = null;
  private isWanted = true;

  constructor(port: number, options: StreamOptions) {
    super();
    void this.open(`http://127.0.0.1:${port}`, options);
  }

  /** Id with which an `EventSource` would reconnect. */
  get cursor(): string {
    return this.socket?.reader.lastEventId ?? '';
  }

  /** The same before the message that is emitted. */
  get cursorBefore(): string {
    return this.socket?.cursor ?? '';
  }

  send(frame: string): void {
    const { socket } = this;
    if (socket === null) return;
    const taken = socket.send(frame);
    taken.then(
      () => {
        if (socket.statuses.at(-1) !== 202) this.terminate();
      },
      () => this.terminate(),
    );
  }

  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  close(): void {
    this.terminate();
  }

  terminate(): void {
    this.isWanted = false;
    if (this.readyState === WebSocket.OPEN) this.readyState = WebSocket.CLOSING;
    this.socket?.terminate();
  }

  private async open(origin: string, options: StreamOptions): Promise<void> {
    try {
      const socket = await StreamSocket.open(origin, options);
      this.socket = socket;
      socket.on('message', (data, isBinary) => this.take(data as Buffer, isBinary as boolean));
      socket.once('close', (code, reason) => this.ended(code as number, reason as Buffer));
      if (!this.isWanted) socket.terminate();
    } catch (error) {
      if (error instanceof StreamRefused) this.emit('unexpected-response', null, { headers: error.headers });
      this.ended(1006, Buffer.alloc(0));
    }
  }

  private take(data: Buffer, isBinary: boolean): void {
    if (this.readyState === WebSocket.CONNECTING && this.isWanted) {
      this.readyState = WebSocket.OPEN;
      this.emit('message', data, isBinary);
      this.emit('open');
    } else if (!data.toString().startsWith('{"type":"closed"')) this.emit('message', data, isBinary);
  }

  private ended(code: number, reason: Buffer): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.emit('close', code, reason);
  }
}

/** Opens a stream to a port of this machine. */
export function streamLine(port: number, options: StreamOptions): Line {
  return new StreamLine(port, options) as unknown as Line;
}
