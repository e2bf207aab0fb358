import type { Position } from '../../../protocol/index.js';
import { safely } from '../../observability/run-safely.js';

/** Limits of one script: Redis is blocked for all clients while a script runs. */
export const MIN_BATCH_EVENTS = 64;
export const MAX_BATCH_EVENTS = 256;
export const MAX_BATCH_BYTES = 262_144;

/** One event in the queue. */
export interface QueuedEvent<E> {
  readonly event: E;
  readonly topic: string;
  readonly bytes: number;
  /** Time by which the event must be acknowledged (`performance.now()`). */
  readonly deadline: number;
  /** True if an earlier attempt, whose reply was lost, may have published the event. */
  retry: boolean;
}

/** A queued event, and the promise of its caller. */
export interface Entry<E> extends QueuedEvent<E> {
  readonly resolve: (position: Position | null) => void;
  readonly reject: (error: Error) => void;
  settled: boolean;
  /** An attempt is in flight. */
  sending: boolean;
}

/** The queue of one channel. It keeps the order, with one batch in flight at a time. */
export class Lane<E> {
  /** Number of consecutive failures. */
  failures = 0;
  private waiting: Entry<E>[] = [];
  private inFlight: readonly Entry<E>[] = [];
  private timer: NodeJS.Timeout | null = null;

  /**
   * @param canBatch returns true if two events can be sent in one script
   * @param historySize history size of the channel: a retry can only find its first attempt if the batch is not larger
   */
  constructor(
    readonly topic: string,
    private readonly canBatch: (first: E, next: E) => boolean,
    private readonly historySize: (first: E) => number,
  ) {}

  /** True while a batch is in flight or the channel pauses. */
  get busy(): boolean {
    return this.inFlight.length > 0 || this.timer !== null;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.inFlight.length === 0;
  }

  add(entry: Entry<E>): void {
    this.waiting.push(entry);
  }

  /** Returns all waiting and in-flight events that are not settled. */
  *entries(): Iterable<Entry<E>> {
    for (const list of [this.inFlight, this.waiting]) {
      for (const entry of list) if (!entry.settled) yield entry;
    }
  }

  /** Returns the next batch and marks it as in flight. */
  take(): readonly Entry<E>[] {
    const batch: Entry<E>[] = [];
    let bytes = 0;
    let taken = 0;
    let most = MAX_BATCH_EVENTS;
    for (const entry of this.waiting) {
      if (!entry.settled) {
        const [first] = batch;
        if (first !== undefined && (bytes + entry.bytes > MAX_BATCH_BYTES || !this.canBatch(first.event, entry.event)))
          break;
        if (first === undefined) {
          most = Math.max(MIN_BATCH_EVENTS, Math.min(MAX_BATCH_EVENTS, this.historySize(entry.event)));
        }
        batch.push(entry);
        bytes += entry.bytes;
      }
      taken += 1;
      if (batch.length === most) break;
    }
    this.waiting.splice(0, taken);
    for (const entry of batch) entry.sending = true;
    this.inFlight = batch;
    return batch;
  }

  /** Completes a batch. Its failed events are put back to the front of the queue. */
  putBack(failed: readonly Entry<E>[]): void {
    this.inFlight = [];
    if (failed.length > 0) this.waiting.unshift(...failed);
  }

  /**
   * Pauses the channel after a failure.
   * @param then called after the pause
   */
  pauseFor(milliseconds: number, then: () => void): void {
    this.failures += 1;
    this.timer = setTimeout(
      safely('The pause of a channel', () => {
        this.timer = null;
        then();
      }),
      milliseconds,
    ).unref();
  }

  /** Releases the events that are already settled. */
  dropSettled(): void {
    if (this.waiting.some(({ settled }) => settled)) this.waiting = this.waiting.filter(({ settled }) => !settled);
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = [];
  }
}
