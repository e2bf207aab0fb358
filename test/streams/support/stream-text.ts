import type { StreamFrame, StreamInfo } from '../../../src/protocol/index.js';
import { connect, type ConnectOptions, type WsClient } from '../../support/ws-client.js';
import { until } from '../../support/until.js';

/** A client that reads one stream as PROTOCOL.md describes it. */
export class StreamText {
  text = '';
  items: unknown[] = [];
  next = 0;
  id: string | null = null;
  state = 'none';
  result: unknown;
  reason: string | undefined;
  /** Bytes that it did not receive, because they were not kept. */
  missing = 0;
  /** Number of frames with text. */
  parts = 0;
  /** Number of times that the text began anew. */
  beginnings = 0;
  readonly problems: string[] = [];

  /** Takes the answer of a subscription. */
  begin({ id, next, state }: StreamInfo): void {
    if (id !== this.id || next < this.next) this.anew(id, 0);
    this.state = state === 'open' || state === 'none' ? state : this.state;
  }

  take({ at, next, text, items, id, state, result, reason }: StreamFrame): void {
    if (id !== undefined && id !== this.id) this.anew(id, 0);
    if (at < this.next) this.problems.push(`a repetition: at ${at}, has ${this.next}`);
    if (text !== undefined || items !== undefined) {
      this.missing += at - this.next;
      this.parts += 1;
    }
    if (text !== undefined && Buffer.byteLength(text) !== next - at) this.problems.push(`a wrong length at ${at}`);
    if (next - at > 65_536) this.problems.push(`a part of ${next - at} bytes`);
    this.text += text ?? '';
    this.items.push(...(items ?? []));
    this.next = next;
    this.state = state ?? 'open';
    this.result = result;
    this.reason = reason;
  }

  private anew(id: string | null, next: number): void {
    this.beginnings += 1;
    Object.assign(this, { id, next, text: '', items: [], missing: 0 });
  }
}

/** Follows the stream of a channel over one connection. */
export class StreamClient {
  readonly stream: StreamText;

  private constructor(
    readonly client: WsClient,
    readonly channel: string,
    stream: StreamText,
  ) {
    this.stream = stream;
  }

  /** @param stream what an earlier connection received */
  static async open(
    url: string,
    channel: string,
    { stream = new StreamText(), ...options }: ConnectOptions & { readonly stream?: StreamText } = {},
  ): Promise<StreamClient> {
    const client = await connect(url, options);
    await client.next('connected');
    const one = new StreamClient(client, channel, stream);
    client.socket.on('message', (data: Buffer) => one.receive(data.toString()));
    await one.subscribe(stream.id === null ? {} : { at: stream.next, id: stream.id });
    return one;
  }

  async subscribe(from: object): Promise<StreamInfo> {
    const answer = await this.client.ask({ type: 'subscribe', channel: this.channel, stream: from });
    if (answer.type !== 'subscribed') throw new Error(JSON.stringify(answer));
    return answer.stream!;
  }

  /** Resolves once the stream is in this state. */
  async reached(state: string): Promise<StreamText> {
    await until(() => this.stream.state === state);
    return this.stream;
  }

  /** Resolves once this number of bytes arrived. */
  async has(bytes: number): Promise<StreamText> {
    await until(() => this.stream.next >= bytes);
    return this.stream;
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  private receive(json: string): void {
    const frame = JSON.parse(json) as { type: string; channel?: string; stream?: StreamInfo };
    if (frame.channel !== this.channel) return;
    if (frame.type === 'subscribed' && frame.stream !== undefined) this.stream.begin(frame.stream);
    if (frame.type === 'stream') this.stream.take(frame as StreamFrame);
  }
}
