import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';
import type { ServerFrame } from '../../src/protocol/frames.js';
import { within } from './within.js';

export interface ConnectOptions {
  /** Sent in the query as `?token=`. */
  readonly token?: string;
  /** The whole value of the `Authorization` header. */
  readonly header?: string;
  /** The subprotocols that are offered. */
  readonly protocols?: readonly string[];
  /** Further headers of the upgrade. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Offers permessage-deflate. @default true */
  readonly perMessageDeflate?: boolean;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** The part of a WebSocket of `ws` that the client uses. */
export interface FrameSocket {
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
  once(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
  send(frame: string | Uint8Array): unknown;
  close(code?: number): void;
  terminate(): void;
}

type FrameType = ServerFrame['type'];
type FrameOf<T extends FrameType> = Extract<ServerFrame, { type: T }>;

/** Timeout for a frame, in milliseconds. The error lists the frames that arrived instead. */
const PATIENCE_MS = 15_000; // longer than the server's own timeout for a key set, 5 s

/**
 * A client without automatic behavior: it keeps every frame in order and never responds, retries or reconnects. A frame
 * that arrives early is queued until the test takes it.
 */
export class WsClient<Socket extends FrameSocket = WebSocket> {
  /** All received frames, in order, whether taken or not. */
  readonly frames: ServerFrame[] = [];
  /** Resolves when the connection has closed; never rejects. */
  readonly closed: Promise<Closed>;
  private untaken: ServerFrame[] = [];
  private readonly news = new EventEmitter().setMaxListeners(0);
  private end: Closed | undefined;
  private breach: Error | undefined;
  private fences = 0;

  /** @param socket open, before its first message */
  constructor(readonly socket: Socket) {
    socket.on('message', (data: Buffer, isBinary) => {
      this.take(data.toString(isBinary ? 'hex' : 'utf8'), isBinary);
      this.news.emit('news');
    });
    socket.on('error', () => undefined); // `close` follows with the code
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.end = { code, reason: reason.toString() };
        resolve(this.end);
        this.news.emit('news');
      });
    });
  }

  /**
   * Resolves when the upgrade is accepted, possibly before `connected` arrives. Rejects with the HTTP status if it is
   * refused.
   */
  static async connect(url: string, options: ConnectOptions = {}): Promise<WsClient> {
    const target = new URL(url);
    if (options.token !== undefined) target.searchParams.set('token', options.token);
    const authorization = options.header === undefined ? {} : { Authorization: options.header };
    const socket = new WebSocket(target, [...(options.protocols ?? [])], {
      headers: { ...authorization, ...options.headers },
      perMessageDeflate: options.perMessageDeflate ?? true,
      rejectUnauthorized: false, // a development certificate is self-signed
    });
    const client = new WsClient(socket);
    await within(PATIENCE_MS, `the upgrade at ${target.host}`, once(socket, 'open'));
    return client;
  }

  /** Sends an object as JSON, a string as it is, bytes as a binary frame. */
  send(frame: object | string | Uint8Array): void {
    const asIs = typeof frame === 'string' || frame instanceof Uint8Array;
    this.socket.send(asIs ? frame : JSON.stringify(frame));
  }

  /**
   * Takes the first queued frame of this type, or waits for one. Other frames stay queued. Rejects if the connection
   * ends first.
   */
  async next<T extends FrameType = FrameType>(
    type?: T,
    fits: (frame: FrameOf<T>) => boolean = () => true,
  ): Promise<FrameOf<T>> {
    const isWanted = (frame: ServerFrame): frame is FrameOf<T> =>
      (type === undefined || frame.type === type) && fits(frame as FrameOf<T>);
    const watch = async (): Promise<FrameOf<T>> => {
      for (;;) {
        if (this.breach) throw this.breach;
        const frame = this.untaken.find(isWanted);
        if (frame !== undefined) {
          this.untaken = this.untaken.filter((other) => other !== frame);
          return frame;
        }
        if (this.end) throw new Error(`The connection ended without ${type ?? 'a frame'}; ${this.story()}`);
        await once(this.news, 'news');
      }
    };
    return within(PATIENCE_MS, () => `${type ?? 'a frame'}; ${this.story()}`, watch());
  }

  /** Sends a request with a unique `ref` and takes the first frame with the same `ref`. */
  async ask(frame: object): Promise<ServerFrame> {
    this.fences += 1;
    const ref = `ask-${this.fences}`;
    this.send({ ...frame, ref });
    return this.next(undefined, (answer) => 'ref' in answer && answer.ref === ref);
  }

  /** Resolves when everything that the server has sent so far has arrived: sends a `ping` and waits for its reply. */
  async fence(): Promise<void> {
    if (this.end) return;
    await this.ask({ type: 'ping' });
  }

  /** Fails if a matching frame is queued or arrives before the reply to a `ping`. */
  async expectNone<T extends FrameType = FrameType>(
    type?: T,
    fits: (frame: FrameOf<T>) => boolean = () => true,
  ): Promise<void> {
    await this.fence();
    const found = this.untaken.find(
      (frame) => (type === undefined || frame.type === type) && fits(frame as FrameOf<T>),
    );
    if (found !== undefined) throw new Error(`Expected no ${type ?? 'frame'}, but there is ${JSON.stringify(found)}`);
  }

  /** Closes the connection and waits for it. */
  async close(code?: number): Promise<Closed> {
    this.socket.close(code);
    return this.whenClosed();
  }

  /** Resolves like `closed`, but rejects on timeout with the frames that arrived. */
  whenClosed(milliseconds = PATIENCE_MS): Promise<Closed> {
    return within(milliseconds, () => `the end of the connection; ${this.story()}`, this.closed);
  }

  /** Drops the connection without a close frame, like a lost network. */
  terminate(): void {
    this.socket.terminate();
  }

  private take(text: string, isBinary: boolean): void {
    try {
      if (isBinary) throw new Error('it is binary');
      const frame = JSON.parse(text) as ServerFrame;
      this.frames.push(frame);
      this.untaken.push(frame);
    } catch (error) {
      this.breach = new Error(`The server sent what is not the protocol: ${text}`, { cause: error });
    }
  }

  private story(): string {
    const frames = this.frames.map((frame) => JSON.stringify(frame)).join('\n');
    return `closed: ${JSON.stringify(this.end ?? false)}; frames so far:\n${frames}`;
  }
}

/** Shorthand for {@link WsClient.connect}. */
export function connect(url: string, options?: ConnectOptions): Promise<WsClient> {
  return WsClient.connect(url, options);
}
