import type { StreamFrom } from '../../protocol/index.js';
import type { Waiter } from '../connections/send-buffer.js';
import { PausedFeed, type Feed, type Subscription } from '../connections/subscription.js';
import { safely } from '../observability/run-safely.js';
import { streamFrame, type PartFrames } from './stream-frames.js';
import type { PartTaker, WatchedStream } from './watched-stream.js';

/** The feed of a reader that waits for a decision about its client. */
class PausedReader extends PausedFeed {
  constructor(private readonly reader: StreamReader) {
    super(null);
  }

  override continue(): boolean {
    this.reader.continue();
    return true;
  }

  end(): void {
    this.reader.leaveIfPaused();
  }
}

/**
 * One client that reads a stream: its place in it, in bytes. Parts go to it directly while it has everything before. A client that
 * reads slowly gets nothing while its send buffer is full, and then reads on from the store.
 */
export class StreamReader implements Feed, Waiter, PartTaker {
  readonly position = null;
  /** The store keeps the text meanwhile. */
  readonly heldBytes = 0;
  private hasLeft = false;
  private isPaused = false;
  /** Number of bytes that the client has. */
  private at = 0;
  /** Id of the stream that the client knows; `null` if it knows none. */
  private knownId: string | null = null;
  /** True once the client received the end. */
  private hasEnd = false;
  private isReading = false;
  private isStarted = false;

  constructor(
    private readonly subscription: Subscription,
    private readonly watched: WatchedStream,
    { at = 0, id }: StreamFrom,
  ) {
    // Beyond the length: the backend has lost the end of the text, and the client begins anew.
    const isKnown = (id === undefined || id === watched.id) && at <= watched.next;
    this.at = isKnown ? at : 0;
    this.knownId = watched.id;
  }

  /** Begins to send, after the client received `subscribed`. */
  start(): void {
    this.isStarted = true;
    this.advance();
  }

  /** Events are not part of a stream. */
  push(): void {}

  reset(): void {
    this.watched.look();
  }

  /** True while nothing is sent. */
  get ended(): boolean {
    return this.hasLeft || this.isPaused;
  }

  end(): void {
    if (!this.isPaused) this.leave();
  }

  pause(): PausedFeed {
    this.isPaused = true;
    this.buffer.forget(this);
    return new PausedReader(this);
  }

  /** Continues after a pause. */
  continue(): void {
    this.isPaused = false;
    this.subscription.feed = this;
    this.advance();
  }

  /** Called when the feed of a pause was replaced. */
  leaveIfPaused(): void {
    if (this.isPaused) this.leave();
  }

  private leave(): void {
    this.hasLeft = true;
    this.watched.remove(this);
    this.buffer.forget(this);
  }

  /** The text starts over: the channel has another stream. */
  restart(): void {
    this.at = 0;
    this.hasEnd = false;
  }

  /** The stream was opened again after its end. */
  reopen(): void {
    const { hasEnd } = this;
    this.hasEnd = false;
    if (hasEnd) this.announce();
  }

  /** Takes a part that follows all parts before it. */
  take(frames: PartFrames): void {
    const { at, next } = frames.part;
    if (this.at >= next || !this.isStarted || this.ended) return;
    if (this.at !== at || this.isReading || !this.buffer.isBelowReplayLimit) this.advance();
    else this.send(frames);
  }

  /** Sends what follows, from the store, and then the end if there is one. */
  readonly advance = safely('A reader of a stream', () => this.read());

  /** Number of bytes that the client does not have. */
  get behind(): number {
    return Math.max(0, this.watched.next - Math.max(this.at, this.watched.start));
  }

  /** Sends what is missing, if something is. */
  catchUp(): void {
    if (this.isBehind) this.advance();
  }

  private get buffer() {
    return this.subscription.connection.sendBuffer;
  }

  private get isBehind(): boolean {
    const { watched } = this;
    return watched.id !== null && (this.at < watched.next || (watched.end !== null && !this.hasEnd));
  }

  private async read(): Promise<void> {
    if (this.isReading || !this.isStarted || this.ended) return;
    this.isReading = true;
    try {
      if (this.watched.id !== this.knownId) this.announce();
      while (!this.ended && this.isBehind) {
        if (!this.buffer.isBelowReplayLimit && !(await this.buffer.whenBelowReplayLimit(this))) return;
        if (this.ended) return;
        const end = this.at >= this.watched.next ? this.watched.endAt(this.at) : null;
        if (end !== null) this.send(end);
        else if (!(await this.sendNext())) return;
      }
    } finally {
      this.isReading = false;
    }
  }

  /** @returns false if nothing follows now: a later notice continues */
  private async sendNext(): Promise<boolean> {
    const { watched, at } = this;
    const { id } = watched;
    const frames = await watched.partAt(at);
    if (this.ended) return false;
    // The read can have shown that the stream is lost, or was replaced.
    if (frames === null) return watched.id !== id || watched.next <= this.at;
    // The stream was replaced meanwhile.
    if (frames.id !== watched.id || this.at !== at) return true;
    if (frames.part.next <= at) return false;
    this.send(frames);
    return true;
  }

  private send(frames: PartFrames): void {
    const { connection } = this.subscription;
    const skipped = this.at > 0 ? frames.part.at - this.at : 0;
    if (!this.watched.send(connection, frames.frame(this.knownId !== frames.id), skipped)) return;
    this.knownId = frames.id;
    this.at = frames.part.next;
    this.hasEnd = frames.end !== null;
  }

  /** Sends the current state without text. */
  private announce(): void {
    const { id, lines } = this.watched;
    if (id === null || this.watched.next > this.at || this.watched.end !== null) return;
    const part = { at: this.at, next: this.at, text: '' };
    const named = this.knownId === id ? null : id;
    this.buffer.send(streamFrame(this.subscription.channel, named, part, lines));
    this.knownId = id;
  }
}
