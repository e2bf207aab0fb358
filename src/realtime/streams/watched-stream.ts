import { MAX_STREAM_FRAME_BYTES, type StreamInfo } from '../../protocol/index.js';
import { safely } from '../observability/run-safely.js';
import { coalesced } from '../timing/coalesced.js';
import { parseNotice, LOOK } from './stream-notice.js';
import { PartFrames, type StreamEnding, type StreamPart } from './stream-frames.js';
import type { StreamPage, StreamStore } from './stream-store.js';

/** Reason of a stream that is not stored any more although it was open. */
const LOST: StreamEnding = { state: 'failed', json: '{"reason":"lost"}' };

/** A client that reads the stream. */
export interface PartTaker {
  /** Takes a part that follows all parts before it. */
  take(frames: PartFrames): void;
  /** Sends what follows, from the store, and then the end if there is one. */
  advance(): void;
  /** Sends what is missing, if something is. */
  catchUp(): void;
  /** The text starts over: the channel has another stream. */
  restart(): void;
  /** The stream was opened again after its end. */
  reopen(): void;
}

/** Parts of the instance that {@link WatchedStream} uses. */
export interface WatchedFrom {
  readonly store: StreamStore;
  readonly topic: string;
  readonly channel: string;
  readonly lines: boolean;
  /** The time, in milliseconds. */
  now(): number;
  /** Called for each part that was sent to a client. @param skipped number of bytes that were dropped before it */
  counted(part: StreamPart, skipped: number): void;
  /** Called before a part is read from the store. */
  reads(): void;
  /** Called when the last reader has left. */
  onIdle(): void;
  /** Called if the store does not answer. */
  failed(error: unknown): void;
}

/** A stream with readers on this instance: its length and state as this instance knows them. */
export class WatchedStream {
  /** `null` if it was not opened yet. */
  id: string | null = null;
  start = 0;
  next = 0;
  /** `null` while it is open, and before it was opened. */
  end: StreamEnding | null = null;
  /** Time of the last notice or read. */
  heardAt: number;
  readonly lines: boolean;
  private readonly readers = new Set<PartTaker>();
  /** Reads that have not ended, by place. */
  private readonly reads = new Map<number, Promise<PartFrames | null>>();
  /** Reads the stream from the store. Rejects with a RealtimeUnavailableError. */
  readonly refresh: () => Promise<void>;
  /** Reads the state of the stream from the store. */
  readonly look: () => void;

  constructor(private readonly from: WatchedFrom) {
    this.lines = from.lines;
    this.heardAt = from.now();
    this.refresh = coalesced(() => this.read());
    this.look = safely('The state of a stream', () => this.refresh().catch((error: unknown) => from.failed(error)));
  }

  get size(): number {
    return this.readers.size;
  }

  get info(): StreamInfo {
    const { id, start, next, end } = this;
    return { id, start, next, state: id === null ? 'none' : (end?.state ?? 'open') };
  }

  add(reader: PartTaker): void {
    this.readers.add(reader);
  }

  remove(reader: PartTaker): void {
    this.readers.delete(reader);
    if (this.readers.size === 0) this.from.onIdle();
  }

  counted(part: StreamPart, skipped: number): void {
    this.from.counted(part, skipped);
  }

  /** Takes a notice of the writer. */
  notice(body: string): void {
    const notice = parseNotice(body);
    if (body === LOOK || notice === null || notice.id !== this.id || this.end !== null) {
      this.look();
      return;
    }
    this.heardAt = this.from.now();
    const { at, next, text } = notice;
    if (next <= this.next) {
      for (const reader of this.readers) reader.catchUp();
      return;
    }
    const follows = at === this.next && text !== '';
    this.next = next;
    if (follows) this.deliver(new PartFrames(this.from.channel, notice.id, this.lines, { at, next, text }));
    else for (const reader of this.readers) reader.advance();
  }

  /** Returns the part at a place; `null` if the store does not answer or has nothing there. Readers share reads. */
  partAt(at: number): Promise<PartFrames | null> {
    let read = this.reads.get(at);
    if (read === undefined) {
      read = this.readPart(at).finally(() => this.reads.delete(at));
      this.reads.set(at, read);
    }
    return read;
  }

  private deliver(frames: PartFrames): void {
    for (const reader of this.readers) reader.take(frames);
  }

  private async readPart(at: number): Promise<PartFrames | null> {
    const { store, topic, channel, lines } = this.from;
    this.from.reads();
    try {
      const page = await store.read(topic, at, MAX_STREAM_FRAME_BYTES, lines, LOOK);
      this.apply(page);
      if (page === null) return null;
      const next = page.at + Buffer.byteLength(page.text);
      return new PartFrames(channel, page.id, lines, { at: page.at, next, text: page.text });
    } catch (error) {
      this.from.failed(error);
      return null;
    }
  }

  private async read(): Promise<void> {
    const { store, topic, lines } = this.from;
    this.apply(await store.read(topic, 0, 0, lines, LOOK));
  }

  private apply(page: StreamPage | null): void {
    this.heardAt = this.from.now();
    if (page === null) {
      // An ended stream expires. An open one is renewed until it ends.
      if (this.id === null || this.end !== null) return;
      this.end = LOST;
      this.start = this.next = 0;
    } else {
      const { id, start, next, state, end } = page;
      const ending = state === 'open' ? null : { state, json: end ?? '{}' };
      const isSame = id === this.id;
      const wasEnded = isSame && this.end !== null && ending === null;
      if (!isSame) for (const reader of this.readers) reader.restart();
      this.id = id;
      this.start = start;
      // A notice can be newer than the read, while the stream is open.
      this.next = isSame && ending === null ? Math.max(next, this.next) : next;
      this.end = ending;
      if (wasEnded) for (const reader of this.readers) reader.reopen();
    }
    for (const reader of this.readers) reader.advance();
  }
}
