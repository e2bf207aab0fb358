import { MAX_STREAM_FRAME_BYTES, type StreamEndState } from '../../protocol/index.js';
import { safely } from '../observability/run-safely.js';
import { StreamEndedError } from './errors.js';
import { JoinedText } from './joined-text.js';
import { StreamAppender, type StreamRefusal } from './stream-appender.js';
import { piecesOf, type StreamSource } from './stream-source.js';
import type { StreamEnd } from './stream-store.js';
import { doneWith, failedWith, lineOf } from './stream-values.js';
import type { WriterHost } from './writer-host.js';

/** Size of the waiting text at which `write` waits, in bytes. */
const HIGH_BYTES = 262_144;
/**
 * Writes one stream. Small writes are joined, and stored in order. The stream stays open until `end` or `fail`, or until a client
 * cancels it, the backend loses it, or the instance shuts down: then {@link signal} is aborted and later writes reject.
 *
 * `Item` and `Result` are the types of the stream map `RealtimeStreamTypes`; `Item` is `never` for a text.
 * @hideconstructor
 */
export class StreamWriter<Item = unknown, Result = unknown> {
  private readonly waiting: JoinedText;
  private readonly appender: StreamAppender;
  private readonly controller = new AbortController();
  /** Set once nothing can be written any more, also while the end is being stored. */
  private closing: StreamEndedError | null = null;
  private isClosed = false;
  /** Resolves once the end is stored, or refused. */
  private finished: Promise<void> | null = null;
  private calls: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | NodeJS.Immediate | null = null;
  private isSending = false;
  /** Number of bytes that were written, also those on their way to the store. */
  private accepted: number;
  private sentAt = -Infinity;
  private draining: (() => void)[] = [];

  /** @param stored length of the stream */
  constructor(
    private readonly host: WriterHost,
    stored: number,
  ) {
    this.waiting = new JoinedText(host.rules.lines);
    this.appender = new StreamAppender(host, stored);
    this.accepted = stored;
  }

  get channel(): string {
    return this.host.channel;
  }

  /** Id of the stream. */
  get id(): string {
    return this.host.token.id;
  }

  /** Number of bytes of UTF-8 that were written, also those that are not stored yet. */
  get length(): number {
    return this.accepted;
  }

  /** Aborted if a client cancels the stream, or if it can no longer be written. The reason is a {@link StreamEndedError}. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** `open`, or the state in which it ended. */
  get state(): 'open' | StreamEndState {
    return this.closing === null ? 'open' : this.closing.state;
  }

  /**
   * Appends text. Resolves when more can be written: at once, unless 256 KB of this stream wait to be stored. A lone surrogate is joined
   * with the next write, or becomes U+FFFD.
   * @throws TypeError if it is not a string, or the stream consists of JSON lines
   * @throws StreamEndedError
   */
  write(text: string): Promise<void> {
    return this.accept(() => {
      if (typeof text !== 'string') throw new TypeError(`A stream takes strings, not ${typeof text}`);
      if (this.host.rules.lines) throw new TypeError(`The stream ${this.channel} has JSON lines: use writeItem(value)`);
      return text;
    });
  }

  /**
   * Appends a value to a stream of JSON lines. Resolves like {@link write}.
   * @throws TypeError if it has no JSON, or the stream is a text
   * @throws RangeError if it has more than 64 KB as JSON
   * @throws StreamEndedError
   */
  writeItem(value: Item): Promise<void> {
    return this.accept(() => {
      if (!this.host.rules.lines) throw new TypeError(`The stream ${this.channel} is a text: use write(text)`);
      return lineOf(value);
    });
  }

  /**
   * Writes everything from a source, and waits while the backend is slower. Stops reading when {@link signal} is aborted. Does not end the
   * stream.
   * @param source strings or UTF-8 bytes; for a stream of JSON lines, values
   * @throws StreamEndedError, or the error of the source
   */
  async pipe(source: StreamSource<[Item] extends [never] ? string | Uint8Array : Item>): Promise<void> {
    for await (const piece of piecesOf(source, this.host.rules.lines, this.signal)) {
      await (this.host.rules.lines ? this.writeItem(piece as Item) : this.write(piece as string));
    }
    if (this.signal.aborted) throw this.signal.reason;
  }

  /** Resolves once everything written is stored. @throws StreamEndedError */
  async flush(): Promise<void> {
    await this.exclusive(() => this.sendAll());
    this.assertAlive();
  }

  /**
   * Ends the stream after everything written before. Does nothing if it has ended already.
   * @param result any JSON, at most 64 KB
   * @returns the state of the stream: `done`, or that in which it ended before
   * @throws RangeError, TypeError if the result cannot be sent
   */
  end(result?: Result): Promise<StreamEndState> {
    return this.finish(doneWith(result), 'ended');
  }

  /**
   * Ends the stream as failed. Does nothing if it has ended already.
   * @param reason sent to clients; at most 1,000 characters
   */
  fail(reason: string): Promise<StreamEndState> {
    return this.finish(failedWith(reason), 'ended');
  }

  /** Ends the stream for a client that cancelled it. @internal */
  cancel(): Promise<StreamEndState> {
    return this.stop({ state: 'cancelled', json: '{}' }, 'cancelled');
  }

  /** Ends the stream because the instance shuts down. @internal */
  shutDown(): Promise<StreamEndState> {
    return this.stop({ state: 'failed', json: '{"reason":"shutdown"}' }, 'shutdown');
  }

  /** True if no write has extended the lease for some time. @internal */
  get mustRenew(): boolean {
    const { leaseMs } = this.host.rules;
    return this.closing === null && !this.isSending && this.host.now() - this.appender.calledAt >= leaseMs / 5;
  }

  /** Extends the lease. @internal */
  async renew(): Promise<void> {
    if (!this.mustRenew) return;
    this.appender.forgetOld();
    await this.exclusive(() => this.sendJoined(true));
  }

  /** Stops to repeat calls that the backend does not answer. @internal */
  giveUp(): void {
    this.appender.stop();
  }

  private stop(end: StreamEnd, reason: string): Promise<StreamEndState> {
    const finished = this.finish(end, reason);
    if (this.closing?.reason === reason) this.controller.abort(this.closing);
    return finished;
  }

  private accept(read: () => string): Promise<void> {
    const accepted = this.acceptNow(read);
    // A caller that does not wait learns of the end by `signal`. It must not end the process.
    accepted.catch(() => undefined);
    return accepted;
  }

  private async acceptNow(read: () => string): Promise<void> {
    if (this.closing !== null) throw this.closing;
    const mustWait = this.accepts(this.waiting.add(read()));
    this.schedule();
    if (!mustWait && this.waiting.bytes < HIGH_BYTES) return;
    // Otherwise this writer stores nothing after which the caller could continue.
    if (this.waiting.bytes === 0 && !this.isSending) return;
    await new Promise<void>((resolve) => this.draining.push(resolve));
    this.assertAlive();
  }

  /** Counts accepted bytes. @returns true if the caller has to wait */
  private accepts(bytes: number): boolean {
    this.accepted += bytes;
    return this.host.waits(bytes);
  }

  /** @throws StreamEndedError unless the stream is open, or was ended by its writer */
  private assertAlive(): void {
    if (this.closing !== null && this.closing.reason !== 'ended') throw this.closing;
  }

  private schedule(): void {
    if (this.timer !== null || this.isSending || this.waiting.bytes === 0) return;
    const send = safely('The writes of a stream', () => {
      this.timer = null;
      return this.exclusive(() => this.sendJoined());
    });
    const isFull = this.waiting.bytes >= MAX_STREAM_FRAME_BYTES;
    const waitMs = isFull ? 0 : this.sentAt + this.host.joinMs - this.host.now();
    this.timer = waitMs > 0 ? setTimeout(send, waitMs) : setImmediate(send);
  }

  /**
   * Sends what waits now; what arrives meanwhile leaves with the next turn.
   * @param isRenewal true to extend the lease if nothing waits
   */
  private async sendJoined(isRenewal = false): Promise<void> {
    if (this.isClosed || (this.waiting.bytes === 0 && !isRenewal)) return;
    this.isSending = true;
    this.sentAt = this.host.now();
    try {
      do await this.append(this.waiting.take());
      while (!this.isClosed && this.waiting.bytes >= MAX_STREAM_FRAME_BYTES);
    } finally {
      this.isSending = false;
      this.schedule();
    }
  }

  private async sendAll(): Promise<void> {
    while (!this.isClosed && this.waiting.bytes > 0) await this.append(this.waiting.take());
  }

  private async append(text: string): Promise<void> {
    if (await this.stores(text, () => this.appender.append(text))) this.drain();
  }

  /** The last text leaves with the end, if it is not so long that the store could drop its beginning before readers have it. */
  private async sendEnd(end: StreamEnd, reason: string): Promise<void> {
    const most = Math.min(MAX_STREAM_FRAME_BYTES, this.host.rules.maxBytes / 4);
    while (!this.isClosed && this.waiting.bytes > most) await this.append(this.waiting.take());
    if (this.isClosed) return;
    const text = this.waiting.take();
    if (await this.stores(text, () => this.appender.end(text, end))) this.close(end.state, reason);
  }

  /** Closes the writer if the call is refused. @returns true if it was not */
  private async stores(text: string, call: () => Promise<StreamRefusal | null>): Promise<boolean> {
    const bytes = Buffer.byteLength(text);
    try {
      const refusal = await call();
      if (refusal !== null) this.close('failed', refusal);
      else if (bytes > 0) this.host.written(bytes);
      return refusal === null;
    } catch (error) {
      this.close('failed', 'unavailable');
      throw error;
    } finally {
      this.host.waits(-bytes);
    }
  }

  private async finish(end: StreamEnd, reason: string): Promise<StreamEndState> {
    if (this.closing === null) {
      this.closing = new StreamEndedError(this.channel, end.state, reason);
      this.accepts(this.waiting.complete());
      this.finished = this.exclusive(() => this.sendEnd(end, reason));
    }
    await this.finished;
    return this.closing.state;
  }

  /** Ends the writer. */
  private close(state: StreamEndState, reason: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const isOwn = this.closing?.reason === reason;
    if (!isOwn) this.closing = new StreamEndedError(this.channel, state, reason);
    if (!isOwn || reason !== 'ended') this.controller.abort(this.closing);
    this.host.waits(-this.waiting.bytes);
    this.waiting.clear();
    if (this.timer !== null) {
      clearTimeout(this.timer as NodeJS.Timeout);
      clearImmediate(this.timer as NodeJS.Immediate);
    }
    this.drain();
    this.host.ended(state);
  }

  private drain(): void {
    if (this.waiting.bytes >= HIGH_BYTES / 2 && !this.isClosed) return;
    const { draining } = this;
    this.draining = [];
    for (const resolve of draining) resolve();
  }

  /** Runs one call after the other. */
  private exclusive(run: () => Promise<void>): Promise<void> {
    const result = this.calls.then(run);
    this.calls = result.catch(() => undefined);
    return result;
  }
}
