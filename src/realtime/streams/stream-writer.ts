import { MAX_STREAM_FRAME_BYTES, type StreamEndState } from '../../protocol/index.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { safely } from '../observability/run-safely.js';
import { sleep } from '../timing/retry.js';
import { StreamEndedError } from './errors.js';
import { JoinedText } from './joined-text.js';
import { piecesOf, type StreamSource } from './stream-source.js';
import { LOOK, noticeOf } from './stream-notice.js';
import type { StreamEnd, StreamRules, StreamStore, StreamToken, StreamWritten } from './stream-store.js';
import { WrittenTail } from './written-tail.js';

/** Size of the waiting text at which `write` waits, in bytes. */
const HIGH_BYTES = 262_144;
/** Time for which a writer repeats a call while the backend does not answer, and the pause between two calls, in milliseconds. */
const UNAVAILABLE_MS = 60_000;
const RETRY_MS = 200;
/** Maximum size of a result as JSON in bytes, and of a reason in characters. */
const MAX_RESULT_BYTES = 65_536;
const MAX_REASON_LENGTH = 1_000;

/** Parts of the instance that a writer uses. */
export interface WriterHost {
  readonly store: StreamStore;
  readonly topic: string;
  readonly channel: string;
  readonly token: StreamToken;
  readonly rules: StreamRules;
  readonly joinMs: number;
  /** The time, in milliseconds. */
  now(): number;
  /** Counts waiting bytes of all writers. @returns true if `write` has to wait */
  waits(bytes: number): boolean;
  written(bytes: number): void;
  ended(state: StreamEndState): void;
}

/**
 * Writes one stream. Small writes are joined, and stored in order. The stream stays open until `end` or `fail`, or until a client
 * cancels it, the backend loses it, or the instance shuts down: then {@link signal} is aborted and later writes reject.
 * @hideconstructor
 */
export class StreamWriter {
  private readonly waiting: JoinedText;
  private readonly tail = new WrittenTail();
  private readonly controller = new AbortController();
  /** Set once nothing can be written any more, also while the end is being stored. */
  private closing: StreamEndedError | null = null;
  private isClosed = false;
  private calls: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | NodeJS.Immediate | null = null;
  private isSending = false;
  /** Number of bytes that were written, also those on their way to the store. */
  private accepted: number;
  private calledAt: number;
  private sentAt = -Infinity;
  private draining: (() => void)[] = [];

  /** @param stored length of the stream */
  constructor(
    private readonly host: WriterHost,
    private stored: number,
  ) {
    this.waiting = new JoinedText(host.rules.lines);
    this.calledAt = host.now();
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
  writeItem(value: unknown): Promise<void> {
    return this.accept(() => {
      if (!this.host.rules.lines) throw new TypeError(`The stream ${this.channel} is a text: use write(text)`);
      const json = JSON.stringify(value) as string | undefined;
      if (json === undefined) throw new TypeError(`A value of type ${typeof value} has no JSON`);
      if (Buffer.byteLength(json) >= MAX_STREAM_FRAME_BYTES) {
        throw new RangeError(`An item must have less than ${MAX_STREAM_FRAME_BYTES} bytes as JSON: split it`);
      }
      return `${json}\n`;
    });
  }

  /**
   * Writes everything from a source, and waits while the backend is slower. Stops reading when {@link signal} is aborted. Does not end the
   * stream.
   * @param source strings or UTF-8 bytes; for a stream of JSON lines, values
   * @throws StreamEndedError, or the error of the source
   */
  async pipe(source: StreamSource): Promise<void> {
    for await (const piece of piecesOf(source, this.host.rules.lines, this.signal)) {
      await (this.host.rules.lines ? this.writeItem(piece) : this.write(piece as string));
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
  end(result?: unknown): Promise<StreamEndState> {
    const json = result === undefined ? '{}' : JSON.stringify({ result });
    if (Buffer.byteLength(json) > MAX_RESULT_BYTES) {
      throw new RangeError(`The result of a stream must have at most ${MAX_RESULT_BYTES} bytes as JSON`);
    }
    return this.finish({ state: 'done', json }, 'ended');
  }

  /**
   * Ends the stream as failed. Does nothing if it has ended already.
   * @param reason sent to clients; at most 1,000 characters
   */
  fail(reason: string): Promise<StreamEndState> {
    const json = JSON.stringify({ reason: reason.slice(0, MAX_REASON_LENGTH) });
    return this.finish({ state: 'failed', json }, 'ended');
  }

  /** Ends the stream for a client that cancelled it. @internal */
  cancel(): Promise<StreamEndState> {
    return this.stop({ state: 'cancelled', json: '{}' }, 'cancelled');
  }

  /** Ends the stream because the instance shuts down. @internal */
  shutDown(): Promise<StreamEndState> {
    return this.stop({ state: 'failed', json: '{"reason":"shutdown"}' }, 'shutdown');
  }

  /** Extends the lease, unless a write did. @internal */
  async renew(): Promise<void> {
    const { leaseMs } = this.host.rules;
    if (this.closing !== null || this.isSending || this.host.now() - this.calledAt < leaseMs / 4) return;
    this.tail.forgetOld(this.host.now());
    await this.exclusive(() => this.append(''));
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
    const bytes = this.waiting.add(read());
    this.accepted += bytes;
    const mustWait = this.host.waits(bytes);
    this.schedule();
    if (!mustWait && this.waiting.bytes < HIGH_BYTES) return;
    await new Promise<void>((resolve) => this.draining.push(resolve));
    this.assertAlive();
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

  /** Sends what waits now; what arrives meanwhile leaves with the next turn. */
  private async sendJoined(): Promise<void> {
    if (this.isClosed) return;
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
    const { store, topic, token, rules } = this.host;
    const bytes = Buffer.byteLength(text);
    const at = this.stored;
    const notice = noticeOf({ id: token.id, at, next: at + bytes, text });
    await this.call(() => store.append(topic, token, at, text, rules, notice));
    if (bytes > 0) this.release(bytes);
    if (this.isClosed) return;
    this.stored = at + bytes;
    if (bytes > 0) {
      this.tail.add(at, text, bytes, this.host.now());
      this.host.written(bytes);
    }
    this.drain();
  }

  /** Calls the store until it answers, and appends again what it has lost. Closes the writer if the stream cannot be written. */
  private async call(run: () => Promise<StreamWritten>): Promise<void> {
    const giveUpAt = this.host.now() + UNAVAILABLE_MS;
    while (!this.isClosed) {
      try {
        const result = await run();
        this.calledAt = this.host.now();
        if (result.state === 'written') return;
        if (result.state === 'behind' && (await this.repair(result.next))) continue;
        this.close('failed', result.state === 'ended' ? 'writer_lost' : result.state === 'fenced' ? 'fenced' : 'lost');
      } catch (error) {
        if (!(error instanceof RealtimeUnavailableError)) this.close('failed', 'unavailable');
        if (!(error instanceof RealtimeUnavailableError)) throw error;
        if (this.host.now() >= giveUpAt) this.close('failed', 'unavailable');
        else await sleep(RETRY_MS);
      }
    }
  }

  /** Appends the text after a length again. @returns false if it is not kept; then the stream is reported as failed */
  private async repair(next: number): Promise<boolean> {
    const { store, topic, token, rules } = this.host;
    const parts = this.tail.from(next);
    if (parts === null) {
      await store.end(topic, token, next, { state: 'failed', json: '{"reason":"lost"}' }, rules, LOOK);
      return false;
    }
    for (const { at, text, bytes } of parts) {
      const notice = noticeOf({ id: token.id, at, next: at + bytes, text });
      const { state } = await store.append(topic, token, at, text, rules, notice);
      // The call that found the loss is repeated, and finds the next one.
      if (state !== 'written') return true;
    }
    return true;
  }

  private async finish(end: StreamEnd, reason: string): Promise<StreamEndState> {
    if (this.closing === null) {
      this.closing = new StreamEndedError(this.channel, end.state, reason);
      this.waiting.complete();
      const { store, topic, token, rules } = this.host;
      await this.exclusive(async () => {
        await this.sendAll();
        if (this.isClosed) return;
        await this.call(() => store.end(topic, token, this.stored, end, rules, LOOK));
        this.close(end.state, reason);
      });
    }
    return this.closing.state;
  }

  /** Ends the writer. */
  private close(state: StreamEndState, reason: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const isOwn = this.closing?.reason === reason;
    if (!isOwn) this.closing = new StreamEndedError(this.channel, state, reason);
    if (!isOwn || reason !== 'ended') this.controller.abort(this.closing);
    this.release(this.waiting.bytes);
    this.waiting.clear();
    if (this.timer !== null) {
      clearTimeout(this.timer as NodeJS.Timeout);
      clearImmediate(this.timer as NodeJS.Immediate);
    }
    this.drain();
    this.host.ended(state);
  }

  private release(bytes: number): void {
    this.host.waits(-bytes);
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
