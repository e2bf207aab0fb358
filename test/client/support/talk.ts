import type { ServerFrame } from '../../../src/protocol/index.js';
import { deferred } from '../../support/virtual-client.js';
import { within } from '../../support/within.js';

/** The part of a WebSocket that a conversation uses: that of `ws`, and that of the fake server. */
export interface TalkSocket {
  onmessage: ((message: { readonly data: unknown }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** Time limit for a frame, in milliseconds. */
const LIMIT_MS = 20_000;

type Fields = Readonly<Record<string, unknown>>;

/** A connection without a client, and its transcript: what it received, with names for the ids that differ between two servers. */
export class Talk {
  readonly transcript: Fields[] = [];
  /** False to compare no offsets, after a reload: a load of the module publishes one more event. */
  isExact = true;
  /** Id of the stream of the last `subscribed`. */
  streamId: string | undefined;
  private received: ServerFrame[] = [];
  private news = deferred();
  private refs = 0;
  // epoch or id of a stream → its name
  private readonly names = new Map<string, string>();

  constructor(private readonly socket: TalkSocket) {
    socket.onmessage = ({ data }) => {
      this.received.push(JSON.parse(String(data)) as ServerFrame);
      this.news.resolve();
      this.news = deferred();
    };
  }

  /** Sends a frame, and waits for a frame of this type. The transcript receives everything until the answer to a later ping. */
  async ask(frame: Fields, last: ServerFrame['type'], times = 1): Promise<void> {
    this.refs += 1;
    await this.after(() => this.socket.send(JSON.stringify({ ...frame, ref: `r${this.refs}` })), last, times);
  }

  /** Does something, and waits for a frame of this type, or for several. @returns the last of them */
  async after<T extends ServerFrame['type']>(
    work: () => unknown,
    last: T,
    times = 1,
  ): Promise<Extract<ServerFrame, { type: T }>> {
    await work();
    const isLast = (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> => frame.type === last;
    await this.until(() => this.received.filter(isLast).length >= times);
    this.socket.send('{"type":"ping","ref":"fence"}');
    const isFence = (frame: ServerFrame): boolean => frame.type === 'pong' && frame.ref === 'fence';
    await this.until(() => this.received.some(isFence));
    const frames = this.received.splice(0).filter((frame) => !isFence(frame));
    for (const frame of frames) this.transcript.push(this.named(frame));
    return frames.findLast(isLast)!;
  }

  /** Does something, and waits for a frame of this type. @returns what it returned */
  async during<R>(work: () => R | Promise<R>, last: ServerFrame['type']): Promise<R> {
    let result: R | undefined;
    await this.after(async () => (result = await work()), last);
    return result as R;
  }

  /** Adds the transcript of another connection, and closes it. */
  include(other: Talk): void {
    other.close();
    this.transcript.push(...other.transcript);
  }

  close(): void {
    this.socket.close();
  }

  private async until(isSo: () => boolean): Promise<void> {
    const story = (): string =>
      `the frame of a conversation; there are ${JSON.stringify(this.received).slice(0, 2_000)}`;
    while (!isSo()) await within(LIMIT_MS, story, this.news.promise);
  }

  /** Replaces the ids of a frame by names, in the order in which they appear. */
  private named(frame: ServerFrame): Fields {
    if (frame.type === 'subscribed' && typeof frame.stream?.id === 'string') this.streamId = frame.stream.id;
    const isStream = frame.type === 'stream' || (frame.type === 'subscribed' && frame.stream !== undefined);
    const text = JSON.stringify(frame, (key, value: unknown) => {
      if (key === 'timestamp' || key === 'channels') return undefined;
      if (typeof value !== 'string') return value;
      if (key !== 'id' && key !== 'lastEventId') return shortened(value);
      const end = isStream ? value.length : value.lastIndexOf('-');
      return `${this.nameOf(value.slice(0, end))}${this.isExact ? value.slice(end) : ''}`;
    });
    return JSON.parse(text) as Fields;
  }

  private nameOf(id: string): string {
    const name = this.names.get(id) ?? `id${this.names.size + 1}`;
    this.names.set(id, name);
    return name;
  }
}

/** A long string without its middle, for a failure that can be read. */
function shortened(text: string): string {
  return text.length < 200 ? text : `${text.slice(0, 20)} … ${text.slice(-20)} (${Buffer.byteLength(text)} bytes)`;
}
