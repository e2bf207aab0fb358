import { EventEmitter, once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { within } from '../../support/within.js';
import { EventStreamReader } from './event-stream.js';

/** Headers and query of a stream. */
export interface StreamOptions {
  /** Sent as `Authorization: Bearer …`, with the request for the stream and with each frame. */
  readonly token?: string;
  readonly channels?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends frames to another instance: the beginning of its URLs. */
  readonly framesTo?: string;
}

/** An answer other than a stream. */
export class StreamRefused extends Error {
  constructor(
    readonly status: number,
    readonly headers: IncomingMessage['headers'],
    readonly body: string,
  ) {
    super(`The stream was refused with ${status}: ${body}`);
  }
}

/**
 * A stream with the shape of a WebSocket of `ws`: it emits `message` for each message and `close` with the code of the frame
 * `closed`. Frames are sent one after the other, each with a POST.
 */
export class StreamSocket extends EventEmitter {
  readonly reader = new EventStreamReader();
  /** Everything that was received. */
  text = '';
  /** Statuses of the requests with frames. */
  readonly statuses: number[] = [];
  /** Id with which an `EventSource` would have reconnected before the message that is emitted. */
  cursor = '';
  private posted: Promise<void> = Promise.resolve();
  private seen = 0;
  private end: { readonly code: number; readonly reason: string } | null = null;

  private constructor(
    readonly response: IncomingMessage,
    private readonly origin: string,
    private readonly headers: Readonly<Record<string, string>>,
  ) {
    super();
    response.on('data', (bytes: Buffer) => this.read(bytes));
    response.on('error', () => undefined); // `close` follows
    response.once('close', () => {
      const { code, reason } = this.end ?? { code: 1006, reason: '' };
      this.emit('close', code, Buffer.from(reason));
    });
  }

  /** Resolves with an open stream. @throws StreamRefused */
  static async open(origin: string, options: StreamOptions = {}): Promise<StreamSocket> {
    const { token, channels, query = {}, headers = {}, framesTo = origin } = options;
    const parameters = new URLSearchParams({ ...(channels !== undefined && { channels }), ...query });
    const authorization: Readonly<Record<string, string>> =
      token === undefined ? {} : { authorization: `Bearer ${token}` };
    const sent = request(`${origin}/realtime/stream?${parameters.toString()}`, {
      headers: { 'x-realtime-client': '1', ...authorization, ...headers },
      agent: false,
    });
    sent.end();
    const [response] = (await within(15_000, 'the head of a stream', once(sent, 'response'))) as [IncomingMessage];
    sent.on('error', () => undefined); // the response ends
    if (response.statusCode !== 200) {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      throw new StreamRefused(response.statusCode!, response.headers, Buffer.concat(chunks).toString());
    }
    return new StreamSocket(response, framesTo, authorization);
  }

  /** Id in the frame `connected`. */
  get connectionId(): string {
    const first = this.reader.messages.map(({ data }) => JSON.parse(data) as { connectionId?: string });
    return first.find(({ connectionId }) => connectionId !== undefined)!.connectionId!;
  }

  /** Sends a frame, after the earlier ones were taken. */
  send(frame: string | Uint8Array): Promise<void> {
    this.posted = this.posted.then(async () => {
      const response = await this.post(String(frame));
      this.statuses.push(response.status);
    });
    return this.posted;
  }

  post(body: string): Promise<Response> {
    const headers = { 'content-type': 'application/json', ...this.headers };
    return fetch(`${this.origin}/realtime/stream/${this.connectionId}/frames`, { method: 'POST', headers, body });
  }

  close(): void {
    this.response.destroy();
  }

  terminate(): void {
    this.response.destroy();
  }

  pause(): void {
    this.response.pause();
  }

  resume(): void {
    this.response.resume();
  }

  private read(bytes: Buffer): void {
    this.text += bytes.toString();
    this.reader.push(bytes);
    for (const { data, lastEventId } of this.reader.messages.slice(this.seen)) {
      this.seen += 1;
      this.cursor = lastEventId;
      const frame = JSON.parse(data) as { type: string; code: number; reason: string };
      if (frame.type === 'closed') this.end = frame;
      this.emit('message', Buffer.from(data), false);
    }
  }
}
