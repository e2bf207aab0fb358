import { EventEmitter, once } from 'node:events';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:http2';
import type { Readable } from 'node:stream';
import { within } from '../../support/within.js';
import type { FrameSocket } from '../../support/ws-client.js';
import { EventStreamReader } from './event-stream.js';

/** Request for a stream. */
export interface StreamOptions {
  /** Sent as `Authorization: Bearer …`, with the request for the stream and with each frame. */
  readonly token?: string;
  readonly channels?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Beginning of the URLs that take frames, if they are those of another instance. */
  readonly framesTo?: string;
  readonly http2?: boolean;
}

/** An answer other than a stream. */
export class StreamRefused extends Error {
  constructor(
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    readonly body: string,
  ) {
    super(`The stream was refused with ${status}: ${body}`);
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/**
 * A stream with the shape of a WebSocket of `ws`: it emits `message` for each message and `close` with the code of the frame
 * `closed`. Frames are sent one after the other, each with a POST.
 */
export class StreamSocket extends EventEmitter implements FrameSocket {
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
    readonly answer: Answer,
    private readonly origin: string,
    private readonly authorization: Readonly<Record<string, string>>,
    private readonly ask: typeof askOverHttp1,
  ) {
    super();
    const { body } = answer;
    body.on('data', (bytes: Buffer) => this.read(bytes));
    body.on('error', () => undefined); // `close` follows
    body.once('close', () => {
      const { code, reason } = this.end ?? { code: 1006, reason: '' };
      this.emit('close', code, Buffer.from(reason));
    });
  }

  /** Resolves with an open stream. @throws StreamRefused */
  static async open(origin: string, options: StreamOptions = {}): Promise<StreamSocket> {
    const { token, channels, query = {}, headers = {}, framesTo = origin, http2 = false } = options;
    const parameters = new URLSearchParams({ ...(channels !== undefined && { channels }), ...query });
    const authorization: Readonly<Record<string, string>> =
      token === undefined ? {} : { authorization: `Bearer ${token}` };
    const path = `/realtime/stream?${parameters.toString()}`;
    const sent = { 'x-realtime-client': '1', ...authorization, ...headers };
    const ask = http2 ? askOverHttp2 : askOverHttp1;
    const answer = await within(15_000, 'the head of a stream', ask(origin, path, sent));
    if (answer.status === 200) return new StreamSocket(answer, framesTo, authorization, ask);
    throw new StreamRefused(answer.status, answer.headers, await textOf(answer));
  }

  /** Id in the frame `connected`. */
  get connectionId(): string {
    const frames = this.reader.messages.map(({ data }) => JSON.parse(data) as { connectionId?: string });
    return frames.find(({ connectionId }) => connectionId !== undefined)!.connectionId!;
  }

  /** Sends a frame, after the earlier ones were taken. */
  send(frame: string | Uint8Array): Promise<void> {
    this.posted = this.posted.then(async () => {
      const answer = await this.post(String(frame));
      await textOf(answer);
      this.statuses.push(answer.status);
    });
    return this.posted;
  }

  /** Posts a body with frames. */
  async post(body: string, headers: Readonly<Record<string, string>> = this.authorization): Promise<Answer> {
    const all = { 'content-type': 'application/json', ...headers };
    const path = `/realtime/stream/${this.connectionId}/frames`;
    return this.ask(this.origin, path, all, body);
  }

  close(): void {
    this.answer.body.destroy();
  }

  terminate(): void {
    this.answer.body.destroy();
  }

  pause(): void {
    this.answer.body.pause();
  }

  resume(): void {
    this.answer.body.resume();
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

/** Reads the rest of an answer. */
export async function textOf({ body }: Answer): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export async function askOverHttp1(
  origin: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<Answer> {
  const sent = request(`${origin}${path}`, { method: body === undefined ? 'GET' : 'POST', headers, agent: false });
  const answered = new Promise<Answer>((resolve, reject) => {
    sent.on('error', reject); // after the answer, its body ends
    sent.once('response', (response) =>
      resolve({ status: response.statusCode!, headers: response.headers, body: response }),
    );
  });
  sent.end(body);
  return answered;
}

async function askOverHttp2(
  origin: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<Answer> {
  const session = connect(origin);
  const stream = session.request({ ':method': body === undefined ? 'GET' : 'POST', ':path': path, ...headers });
  stream.once('close', () => session.close());
  stream.end(body);
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
  return { status: answer[':status'], headers: answer, body: stream };
}
