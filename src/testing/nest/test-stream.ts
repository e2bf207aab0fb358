import type { ServerFrame, StreamEndState, StreamInfo, StreamState } from '../../protocol/index.js';
import { describeMatcher, matches, type Shape } from './matcher.js';
import { expectIn, shownOf, type TestReader } from './test-reader.js';

/** End of a stream. */
export interface TestStreamEnd<Result = unknown> {
  readonly state: StreamEndState;
  /** Result of a stream that is `done`, if its writer gave one. */
  readonly result: Result | undefined;
  /** Reason of a stream that `failed` or was `cancelled`. */
  readonly reason: string | undefined;
}

interface Read<Item> {
  readonly text: string;
  readonly items: readonly Item[];
  readonly missed: number;
  readonly state: StreamState;
}

/** A stream, as one client of a test reads it from its start. */
export class TestStream<Item = unknown, Result = unknown> {
  private read: Read<Item> = { text: '', items: [], missed: 0, state: 'none' };
  private next = 0;
  private end: Pick<TestStreamEnd<Result>, 'result' | 'reason'> = { result: undefined, reason: undefined };
  /** Reason why the server ended the subscription. */
  private unsubscribed: string | null = null;

  /** Use `TestClient.stream`. @internal */
  constructor(
    readonly channel: string,
    private readonly reader: TestReader,
  ) {}

  /** Text so far; empty for a stream of JSON lines. */
  get text(): string {
    return this.read.text;
  }

  /** Values so far; empty for a stream of text. */
  get items(): readonly Item[] {
    return this.read.items;
  }

  /** Number of bytes that this client did not receive: the stream no longer kept them, or the client was too slow. */
  get missed(): number {
    return this.read.missed;
  }

  /** `none` until it is opened, then `open`, and at its end `done`, `failed` or `cancelled`. */
  get state(): StreamState {
    return this.read.state;
  }

  /**
   * Resolves with the text so far, once it contains this string, matches this pattern, or fits.
   * @throws with the text that has arrived
   */
  async expectText(part: string | RegExp | ((text: string) => boolean)): Promise<string> {
    const fits = (text: string): boolean => {
      if (typeof part === 'function') return part(text);
      return typeof part === 'string' ? text.includes(part) : text.search(part) >= 0;
    };
    const wanted = typeof part === 'string' ? JSON.stringify(part) : String(part);
    const fitting = (): string | undefined => (fits(this.text) ? this.text : undefined);
    const message = (): string => `Expected text with ${wanted} on ${this.channel}; ${this.shown()}`;
    return expectIn(this.reader, fitting, message);
  }

  /** Resolves with the first value of a stream of JSON lines that matches. @throws with the values that have arrived */
  async expectItem(matcher?: Shape<Item> | ((item: Item) => boolean)): Promise<Item> {
    const fits = (item: Item): boolean =>
      typeof matcher === 'function' ? (matcher as (item: Item) => boolean)(item) : matches({ data: item }, matcher);
    const fitting = (): { readonly item: Item } | undefined => {
      const index = this.items.findIndex(fits);
      return index < 0 ? undefined : { item: this.items[index] as Item };
    };
    const wanted = `an item on ${this.channel}${describeMatcher(matcher)}`;
    return (await expectIn(this.reader, fitting, () => `Expected ${wanted}; ${this.shown()}`)).item;
  }

  /** Resolves with the end of the stream, once all of it has arrived. @throws if it does not end so */
  async expectEnd(state: StreamEndState = 'done'): Promise<TestStreamEnd<Result>> {
    const ended = (): true | undefined => (this.state === state ? true : undefined);
    await expectIn(this.reader, ended, () => `Expected that ${this.channel} is ${state}; ${this.shown()}`);
    return { state, ...this.end };
  }

  /** Asks the writer to stop, and resolves once it has received the request. @throws if the server refuses it */
  async cancel(): Promise<void> {
    await this.reader.request({ type: 'stream_cancel', channel: this.channel });
  }

  /** Takes a frame of the server. @returns false if it belongs to another subscription @internal */
  take(frame: ServerFrame): boolean {
    if (!('channel' in frame) || frame.channel !== this.channel) return false;
    if (frame.type === 'unsubscribed') this.unsubscribed = frame.reason ?? 'unsubscribed';
    if (frame.type === 'subscribed' && frame.stream !== undefined) this.begin(frame.stream);
    if (frame.type !== 'stream') return false;
    if (frame.id !== undefined) this.begin({ start: 0, state: 'open' });
    this.read = {
      state: frame.state ?? 'open',
      missed: this.missed + Math.max(0, frame.at - this.next),
      text: this.text + (frame.text ?? ''),
      items: [...this.items, ...((frame.items ?? []) as Item[])],
    };
    this.next = frame.next;
    this.end = { result: frame.result as Result | undefined, reason: frame.reason };
    return true;
  }

  private begin({ start, state }: Pick<StreamInfo, 'start' | 'state'>): void {
    // The rest of an ended stream, and its end, follow.
    this.read = { text: '', items: [], missed: start, state: state === 'none' ? 'none' : 'open' };
    this.next = start;
  }

  private shown(): string {
    const { reason } = this.end;
    const end = reason === undefined ? '' : ` (${reason})`;
    const content = `it is ${this.state}${end}, and has ${shownOf(this.items.length > 0 ? this.items : this.text)}`;
    return this.unsubscribed === null ? content : `the server reports ${this.unsubscribed}, and ${content}`;
  }
}
