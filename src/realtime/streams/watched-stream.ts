import { MAX_STREAM_FRAME_BYTES, type StreamInfo } from '../../protocol/index.js';
import { safely } from '../observability/run-safely.js';
import { coalesced } from '../timing/coalesced.js';
import { parseNotice, LOOK } from './stream-notice.js';
import { PartFrames, type StreamEnding, type StreamPart } from './stream-frames.js';
import type { SharedFrame } from '../connections/shared-frame.js';
import type { Subscriber } from '../connections/subscription.js';
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
  /**
   * Sends a frame to a client at the end of this turn.
   * @param skipped number of bytes that were dropped before it
   * @returns false if the connection is closing
   */
  send(connection: Subscriber, frame: SharedFrame, skipped: number): boolean;
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
  /** True if the last read failed. */
  isStale = false;
  readonly lines: boolean;
  private readonly readers = new Set<PartTaker>();
  /** Reads that have not ended, by place. */
  private readonly reads = new Map<number, Promise<PartFrames | null>>();
  /** Number of the last read, and of the last one whose result was used: an earlier one that is answered later is out of date. */
  private lastRead = 0;
  private lastUsed = 0;
  /** The frames of the end for readers that have everything before. */
  private endFrames: PartFrames | null = null;
  /** Reads the stream from the store. Rejects with a RealtimeUnavailableError. */
  readonly refresh: () => Promise<void>;
  /** Reads the state of the stream from the store. */
  readonly look: () => void;

  constructor(private readonly from: WatchedFrom) {
    this.lines = from.lines;
    this.heardAt = from.now();
    this.refresh = coalesced(() => this.read());
    this.look = safely('The state of a stream', () => this.refresh().catch((error: unknown) => this.failed(error)));
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

  send(connection: Subscriber, frame: SharedFrame, skipped: number): boolean {
    return this.from.send(connection, frame, skipped);
  }

  /** Returns the end for readers that have everything up to a place; `null` if the stream has not ended. */
  endAt(at: number): PartFrames | null {
    const { id, end } = this;
    if (id === null || end === null) return null;
    const { endFrames } = this;
    if (endFrames?.end === end && endFrames.id === id && endFrames.part.at === at) return endFrames;
    return (this.endFrames = this.frames(id, { at, next: at, text: '' }, end));
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
    if (follows) this.deliver(this.frames(notice.id, { at, next, text }));
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

  private frames(id: string, part: StreamPart, end: StreamEnding | null = null): PartFrames {
    return new PartFrames(this.from.channel, id, this.lines, part, end);
  }

  private async readPart(at: number): Promise<PartFrames | null> {
    try {
      return await this.readFrom(at, MAX_STREAM_FRAME_BYTES);
    } catch (error) {
      this.failed(error);
      return null;
    }
  }

  private failed(error: unknown): void {
    this.isStale = true;
    this.from.failed(error);
  }

  /** Reads the state. If there are readers, the text that follows comes with it. */
  private async read(): Promise<void> {
    const isFollowed = this.id !== null && this.readers.size > 0;
    await this.readFrom(isFollowed ? this.next : 0, isFollowed ? MAX_STREAM_FRAME_BYTES : 0);
  }

  /** @returns the part at a place, with the end if it is the last one; `null` if there is no stream */
  private async readFrom(at: number, maxBytes: number): Promise<PartFrames | null> {
    if (maxBytes > 0) this.from.reads();
    const number = (this.lastRead += 1);
    const page = await this.from.store.read(this.from.topic, at, maxBytes, this.lines, LOOK);
    const isCurrent = number > this.lastUsed;
    if (isCurrent) this.lastUsed = number;
    if (page === null) {
      if (isCurrent) this.apply(null);
      return null;
    }
    const next = page.at + Buffer.byteLength(page.text);
    const isLast = isCurrent && page.state !== 'open' && next === page.next;
    const part = { at: page.at, next, text: page.text };
    const frames = this.frames(page.id, part, isLast ? endingOf(page) : null);
    if (isCurrent) this.apply(page, at, frames);
    return frames;
  }

  /** @param frames the part at a place that was read, for readers that continue there */
  private apply(page: StreamPage | null, at = 0, frames: PartFrames | null = null): void {
    this.heardAt = this.from.now();
    this.isStale = false;
    if (page === null) {
      // An ended stream expires. An open one is renewed until it ends.
      if (this.id === null || this.end !== null) return;
      this.end = LOST;
      this.start = this.next = 0;
    } else {
      const { id, start, next } = page;
      const ending = endingOf(page);
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
    const isPart = frames !== null && frames.part.next > frames.part.at && !this.reads.has(at);
    if (isPart) this.reads.set(at, Promise.resolve(frames));
    for (const reader of this.readers) reader.advance();
    if (isPart) this.reads.delete(at);
  }
}

function endingOf({ state, end }: StreamPage): StreamEnding | null {
  return state === 'open' ? null : { state, json: end ?? '{}' };
}
