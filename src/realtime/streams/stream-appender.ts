import { RealtimeUnavailableError } from '../broker/errors.js';
import { sleep } from '../timing/retry.js';
import { LOOK, noticeOf } from './stream-notice.js';
import type { StreamEnd, StreamRules, StreamWritten } from './stream-store.js';
import type { AppenderHost } from './writer-host.js';
import { WrittenTail } from './written-tail.js';

/** Time for which a call is repeated while the backend does not answer, and the pause between two calls, in milliseconds. */
const UNAVAILABLE_MS = 60_000;
const RETRY_MS = 200;
const LOST: StreamEnd = { state: 'failed', json: '{"reason":"lost"}' };

/** Reason for which a stream can no longer be written: see `StreamEndedError`. */
export type StreamRefusal = 'fenced' | 'writer_lost' | 'lost' | 'unavailable';

/**
 * Stores the text of one writer. Repeats a call while the backend does not answer, and appends again what the backend has lost. Calls
 * must not overlap.
 */
export class StreamAppender {
  private readonly tail = new WrittenTail();
  private readonly rules: StreamRules;
  private isStopped = false;
  /** Time of the last call that was answered. */
  calledAt: number;

  /** @param length length of the stream */
  constructor(
    private readonly host: AppenderHost,
    private length: number,
  ) {
    this.rules = whileOpen(host.rules);
    this.calledAt = host.now();
  }

  /** Appends text. An empty text extends the lease. @returns `null` if it is stored */
  async append(text: string): Promise<StreamRefusal | null> {
    const { store, topic, token } = this.host;
    const { rules, length: at } = this;
    const bytes = Buffer.byteLength(text);
    const notice = noticeOf({ id: token.id, at, next: at + bytes, text });
    const refusal = await this.call(() => store.append(topic, token, at, text, rules, notice));
    if (refusal !== null) return refusal;
    this.length = at + bytes;
    if (bytes > 0) this.tail.add(at, text, bytes, this.host.now());
    return null;
  }

  /** Appends the last text, and ends the stream. @returns `null` if both are stored */
  end(text: string, end: StreamEnd): Promise<StreamRefusal | null> {
    const { store, topic, token, rules } = this.host;
    return this.call(() => store.end(topic, token, this.length, text, end, rules, LOOK));
  }

  /** Stops to repeat calls. */
  stop(): void {
    this.isStopped = true;
  }

  /** Releases text that is too old to be appended again. */
  forgetOld(): void {
    this.tail.forgetOld(this.host.now());
  }

  private async call(run: () => Promise<StreamWritten>): Promise<StreamRefusal | null> {
    const giveUpAt = this.host.now() + UNAVAILABLE_MS;
    for (;;) {
      try {
        const result = await run();
        this.calledAt = this.host.now();
        if (result.state === 'written') return null;
        if (result.state === 'ended') return 'writer_lost';
        if (result.state !== 'behind') return result.state;
        if (!(await this.repair(result.next))) return 'lost';
      } catch (error) {
        if (!(error instanceof RealtimeUnavailableError)) throw error;
        if (this.isStopped || this.host.now() >= giveUpAt) return 'unavailable';
        await sleep(RETRY_MS);
      }
    }
  }

  /** Appends the text after a length again. @returns false if it is not kept; then the stream is reported as failed */
  private async repair(next: number): Promise<boolean> {
    const { store, topic, token } = this.host;
    const { rules } = this;
    const parts = this.tail.from(next);
    if (parts === null) {
      await store.end(topic, token, next, '', LOST, this.host.rules, LOOK);
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
}

/** Returns the rules of an open stream: it must not expire before its lease, not even if it is kept shortly after its end. */
export function whileOpen(rules: StreamRules): StreamRules {
  return { ...rules, ttlMs: Math.max(rules.ttlMs, 2 * rules.leaseMs) };
}
