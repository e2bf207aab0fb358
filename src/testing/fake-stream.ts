import {
  MAX_STREAM_FRAME_BYTES,
  type StreamEndState,
  type StreamFrame,
  type StreamFrom,
  type StreamInfo,
  type StreamPiece,
} from '../protocol/index.js';
import { firstBytes, utf8Length, withoutBytes } from '../protocol/utf8.js';

/** Writer of a stream of a fake server. */
export interface FakeStreamWriter<Item = unknown, Result = unknown> {
  /** Aborted when a client cancels the stream. */
  readonly signal: AbortSignal;
  /** Length in bytes. */
  readonly length: number;
  /** Adds text; in a stream of JSON lines, one value. @throws if the stream has ended */
  write(content: StreamPiece<Item>): void;
  /** Ends the stream as `done`. */
  end(result?: Result): void;
  /** Ends the stream as `failed`, like a writer whose instance died. */
  fail(reason?: string): void;
}

export interface FakeStreamOptions {
  /** Each write is one JSON value. @default false: text */
  readonly lines?: boolean;
  /** Number of bytes that are kept: the beginning of a longer stream is dropped. @default 1048576 */
  readonly maxBytes?: number;
  /** Continues with a stream that `failed`, instead of a new one. @default false */
  readonly resume?: boolean;
}

/** A connection, as a stream needs it. */
export interface FakeReader {
  readonly subscriptions: ReadonlySet<string>;
  readonly isOver: boolean;
  sendText(text: string): void;
}

interface Cursor {
  at: number;
  /** The reader does not know the id of the stream: the next frame names it. */
  isNew: boolean;
  /** The end was sent. */
  isDone: boolean;
  /** The stream was opened again after its end: the next frame says so. */
  isReopened: boolean;
}

/** A part that was written at once: text, or a value. */
interface Piece {
  readonly at: number;
  readonly next: number;
  readonly content: unknown;
}

let streams = 0;

/** The stream of one channel of a fake server: what is kept, and how far each reader is. */
export class FakeStream {
  #id: string | null = null;
  #pieces: Piece[] = [];
  #start = 0;
  #length = 0;
  #state: StreamInfo['state'] = 'none';
  #end: Pick<StreamFrame, 'result' | 'reason'> = {};
  #options: FakeStreamOptions = {};
  #over = new AbortController();
  readonly #readers = new Map<FakeReader, Cursor>();
  #willSend = false;
  #isPaused = false;

  constructor(private readonly channel: string) {}

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** The stream as a client sees it that subscribes. */
  get info(): StreamInfo {
    return { id: this.#id, start: this.#start, next: this.#length, state: this.#state };
  }

  open(options: FakeStreamOptions): FakeStreamWriter {
    if (this.isOpen) throw new Error(`The stream ${this.channel} is open already: end it first`);
    this.#over = new AbortController();
    if (options.resume !== true || this.#state !== 'failed') this.#begin(options);
    this.#state = 'open';
    this.#end = {};
    for (const cursor of this.#readers.values()) Object.assign(cursor, { isDone: false, isReopened: cursor.isDone });
    this.#sendSoon();
    return this.#writer(this.#over.signal);
  }

  /** Adds a reader, which begins where it says if that is a place of this stream. */
  join(reader: FakeReader, { at = 0, id }: StreamFrom): void {
    const isKnown = (id === undefined || id === this.#id) && at <= this.#length;
    this.#readers.set(reader, { at: isKnown ? at : 0, isNew: this.#id === null, isDone: false, isReopened: false });
    this.#sendTo(reader);
  }

  /** Cancels the stream. @returns false if it is not open */
  cancel(): boolean {
    if (!this.isOpen) return false;
    this.#over.abort();
    this.#finish('cancelled', {});
    return true;
  }

  /** Removes the stream, as if it had expired. */
  forget(): void {
    this.#begin({});
    this.#id = null;
    this.#state = 'none';
  }

  /** While true, readers receive nothing: as if they were slow. Later they continue with what is kept. */
  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    this.#sendSoon();
  }

  #begin(options: FakeStreamOptions): void {
    streams += 1;
    this.#id = `stream${streams}`;
    this.#options = options;
    this.#pieces = [];
    this.#start = this.#length = 0;
    for (const cursor of this.#readers.values()) Object.assign(cursor, { at: 0, isNew: true, isDone: false });
  }

  #writer(signal: AbortSignal): FakeStreamWriter {
    const length = (): number => this.#length;
    const isOurs = (): boolean => signal === this.#over.signal && this.isOpen;
    return {
      signal,
      get length() {
        return length();
      },
      write: (content) => {
        if (!isOurs()) throw new Error(`The stream ${this.channel} has ended (${this.#state})`);
        this.#write(content);
      },
      end: (result) => {
        if (isOurs()) this.#finish('done', { ...(result !== undefined && { result }) });
      },
      fail: (reason) => {
        if (isOurs()) this.#finish('failed', { ...(reason !== undefined && { reason }) });
      },
    };
  }

  #write(content: unknown): void {
    const { lines = false, maxBytes = 1_048_576 } = this.#options;
    if (!lines && typeof content !== 'string') throw new TypeError(`The stream ${this.channel} takes strings`);
    const bytes = lines ? utf8Length(JSON.stringify(content)) + 1 : utf8Length(content as string);
    this.#pieces.push({ at: this.#length, next: this.#length + bytes, content });
    this.#length += bytes;
    while (this.#length - this.#start > maxBytes && this.#pieces.length > 1) this.#start = this.#pieces.shift()!.next;
    this.#sendSoon();
  }

  #finish(state: StreamEndState, end: Pick<StreamFrame, 'result' | 'reason'>): void {
    this.#state = state;
    this.#end = end;
    this.#sendSoon();
  }

  /** Writes of a turn leave together. */
  #sendSoon(): void {
    if (this.#willSend) return;
    this.#willSend = true;
    void Promise.resolve().then(() => {
      this.#willSend = false;
      for (const reader of this.#readers.keys()) this.#sendTo(reader);
    });
  }

  #sendTo(reader: FakeReader): void {
    const cursor = this.#readers.get(reader);
    if (reader.isOver || !reader.subscriptions.has(this.channel)) this.#readers.delete(reader);
    else if (cursor !== undefined) this.#sendFrom(cursor, reader);
  }

  #sendFrom(cursor: Cursor, reader: FakeReader): void {
    const id = this.#id;
    if (this.#isPaused || id === null) return;
    const send = (frame: Omit<StreamFrame, 'type' | 'channel' | 'id'>): void => {
      const name = cursor.isNew ? { id } : {};
      cursor.isNew = false;
      reader.sendText(JSON.stringify({ type: 'stream', channel: this.channel, ...name, ...frame }));
    };
    // The last part carries the end.
    const endAt = (at: number): object => {
      cursor.isDone = !this.isOpen && at === this.#length;
      return cursor.isDone ? { state: this.#state as StreamEndState, ...this.#end } : {};
    };
    for (const frame of this.#framesFrom(Math.max(cursor.at, this.#start))) {
      cursor.isReopened = false;
      send({ ...frame, ...endAt(frame.next) });
      cursor.at = frame.next;
    }
    const { at, isDone } = cursor;
    if (!this.isOpen && !isDone) send({ at, next: at, ...endAt(at) });
    else if (cursor.isNew || cursor.isReopened) send({ at, next: at }); // opened, and nothing is written yet
    cursor.isReopened = false;
  }

  /** Returns what is kept from a position on, in frames. */
  *#framesFrom(from: number): Generator<Omit<StreamFrame, 'type' | 'channel' | 'id'>> {
    const pieces = this.#pieces.filter(({ next }) => next > from);
    if (this.#options.lines === true) {
      // A position inside of a value: the client continues with the next one.
      const whole = pieces.filter(({ at }) => at >= from);
      if (whole.length > 0) yield* framesOfItems(whole, from);
      else if (pieces.length > 0) yield { at: this.#length, next: this.#length };
      return;
    }
    const [first] = pieces;
    if (first === undefined) return;
    const whole = pieces.map(({ content }) => content as string).join('');
    let at = Math.max(from, first.at);
    let text = withoutBytes(whole, at - first.at);
    // A position inside of a character: the client continues with the next one.
    while (text === undefined) text = withoutBytes(whole, (at += 1) - first.at);
    if (text === '') yield { at, next: at };
    while (text !== '') {
      const part = firstBytes(text, MAX_STREAM_FRAME_BYTES);
      const next = at + utf8Length(part);
      yield { at, next, text: part };
      text = text.slice(part.length);
      at = next;
    }
  }
}

function* framesOfItems(
  pieces: readonly Piece[],
  from: number,
): Generator<Omit<StreamFrame, 'type' | 'channel' | 'id'>> {
  let items: unknown[] = [];
  let at = from;
  for (const [index, piece] of pieces.entries()) {
    if (items.length === 0) at = piece.at;
    items.push(piece.content);
    const following = pieces[index + 1];
    if (following !== undefined && following.next - at <= MAX_STREAM_FRAME_BYTES) continue;
    yield { at, next: piece.next, items };
    items = [];
  }
}
