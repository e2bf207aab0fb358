import type { Position } from '../../../protocol/index.js';
import { safely } from '../../observability/run-safely.js';

/** Bounds of one script: Redis serves no other client meanwhile. */
export const MIN_BATCH_EVENTS = 64;
export const MAX_BATCH_EVENTS = 256;
export const MAX_BATCH_BYTES = 262_144;

/** One event in the queue. */
export interface QueuedEvent<E> {
  readonly event: E;
  readonly topic: string;
  readonly bytes: number;
  /** `performance.now()` by which it has its answer. */
  readonly deadline: number;
  /** An earlier attempt, whose answer was lost, may have published it. */
  retry: boolean;
}

/** One event, and its caller. */
export interface Entry<E> extends QueuedEvent<E> {
  readonly resolve: (position: Position | null) => void;
  readonly reject: (error: Error) => void;
  settled: boolean;
  /** A try is on its way. */
  sending: boolean;
}

/** The events of one channel, in order, of which one batch at a time is on its way. */
export class Lane<E> {
  /** Failures in a row. */
  failures = 0;
  private waiting: Entry<E>[] = [];
  private inFlight: readonly Entry<E>[] = [];
  private timer: NodeJS.Timeout | null = null;

  /**
   * @param canBatch returns true if two events can be sent in one script
   * @param historySize of the channel: a retry can detect its first attempt only in a batch that is not larger
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

  /** Everything that waits or is on its way and has no answer yet. */
  *entries(): Iterable<Entry<E>> {
    for (const list of [this.inFlight, this.waiting]) {
      for (const entry of list) if (!entry.settled) yield entry;
    }
  }

  /** The next batch, which is now on its way. */
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

  /** The batch has its answers; what failed goes before the rest. */
  putBack(failed: readonly Entry<E>[]): void {
    this.inFlight = [];
    if (failed.length > 0) this.waiting.unshift(...failed);
  }

  /** @param then called when the pause is over */
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

  /** Releases what has its answer already. */
  dropSettled(): void {
    if (this.waiting.some(({ settled }) => settled)) this.waiting = this.waiting.filter(({ settled }) => !settled);
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = [];
  }
}
