import type { Position } from '../../../protocol/index.js';
import { runSafely, safely } from '../../observability/run-safely.js';
import { RealtimeUnavailableError } from '../errors.js';

/** What waits to be published in one process, at most. */
export const MAX_QUEUED_EVENTS = 20_000;
export const MAX_QUEUED_BYTES = 33_554_432;
/** What may be on its way to Redis at once. */
export const MAX_IN_FLIGHT = 512;
/** How far to look for an event whose channel is free. */
const MAX_SKIPPED = 2_048;
/** How often deadlines are looked at, in milliseconds. */
const LOOK_MS = 200;

/** One event in the queue. */
export interface QueuedEvent<E> {
  readonly event: E;
  readonly channel: string;
  readonly bytes: number;
  /** `performance.now()` by which it has its answer. */
  readonly deadline: number;
  /** It may have been published by an earlier try whose answer was lost. */
  retry: boolean;
}

/** What became of one try. */
export type Outcome =
  | { readonly kind: 'published'; readonly position: Position | null }
  /** Refused for good. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Not now, or not known where it may have been published: it is tried again. */
  | { readonly kind: 'again'; readonly why: string; readonly mayBePublished: boolean };

interface Entry<E> extends QueuedEvent<E> {
  readonly order: number;
  readonly resolve: (position: Position | null) => void;
  readonly reject: (error: Error) => void;
  settled: boolean;
}

/**
 * What `emit` waits in. First in, first out per channel, over any number of lost connections: when one try fails, nothing
 * more is sent until all that are on their way have an outcome; then what failed goes out again, in order, before the rest.
 * Bounded in events, bytes and time.
 */
export class PublishQueue<E> {
  private waiting: Entry<E>[] = [];
  private head = 0;
  private readonly inFlight = new Set<Entry<E>>();
  private again: Entry<E>[] = [];
  private readonly busyChannels = new Set<string>();
  private added = 0;
  private queuedBytes = 0;
  private size = 0;
  private running = false;
  private scheduled = false;
  private lastTrouble = 'Redis was not reached yet';
  private readonly timer = setInterval(
    safely('The time limit of events', () => this.expire(performance.now())),
    LOOK_MS,
  ).unref();

  /**
   * @param send one try; never throws, and writes before it returns its promise
   * @param together everything that is written while the callback runs leaves in one piece
   * @param onTrouble a try failed and nothing is under way any more: call `run` when it can go on
   * @param oneByOne whether a channel's event waits for the one before it (a Cluster may answer them out of order)
   */
  constructor(
    private readonly send: (event: QueuedEvent<E>) => Promise<Outcome>,
    private readonly together: (write: () => void) => void,
    private readonly onTrouble: (why: string) => void,
    private readonly oneByOne: boolean,
  ) {}

  /** Events that wait or are on their way. */
  get length(): number {
    return this.size;
  }

  get bytes(): number {
    return this.queuedBytes;
  }

  /** @throws RealtimeUnavailableError at the deadline, or when the queue is full; the event is then never published later */
  add(event: E, channel: string, bytes: number, timeoutMs: number): Promise<Position | null> {
    if (this.size >= MAX_QUEUED_EVENTS || this.queuedBytes + bytes > MAX_QUEUED_BYTES) {
      return Promise.reject(
        new RealtimeUnavailableError(`The queue to Redis is full (${this.lastTrouble}): the event was not published`),
      );
    }
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + timeoutMs;
      this.waiting.push({
        event,
        channel,
        bytes,
        deadline,
        retry: false,
        order: (this.added += 1),
        resolve,
        reject,
        settled: false,
      });
      this.size += 1;
      this.queuedBytes += bytes;
      this.timer.ref(); // a process does not end before its events are out, or refused
      this.schedule();
    });
  }

  /** There is a connection: go on. */
  run(): void {
    this.running = true;
    this.schedule();
  }

  /** There is none. */
  pause(why: string): void {
    this.running = false;
    this.lastTrouble = why;
  }

  close(): void {
    clearInterval(this.timer);
    this.running = false;
    for (const entry of [...this.waiting.slice(this.head), ...this.again, ...this.inFlight]) {
      this.settle(entry, () =>
        entry.reject(new RealtimeUnavailableError('The application is shutting down: the event was not published')),
      );
    }
    this.waiting = [];
    this.again = [];
    this.head = 0;
  }

  /** All that was added in one turn goes out together. */
  private schedule(): void {
    if (this.scheduled || !this.running) return;
    this.scheduled = true;
    process.nextTick(this.flushTogether);
  }

  private readonly flushTogether = safely('Publishing the events of one turn', () => {
    this.scheduled = false;
    this.together(() => this.flush());
  });

  private flush(): void {
    if (!this.running || this.again.length > 0) return;
    const skipped: Entry<E>[] = [];
    while (this.head < this.waiting.length && this.inFlight.size < MAX_IN_FLIGHT && skipped.length < MAX_SKIPPED) {
      const entry = this.waiting[this.head]!;
      this.head += 1;
      if (entry.settled) continue;
      if (this.oneByOne && this.busyChannels.has(entry.channel)) skipped.push(entry);
      else runSafely('Publishing an event', () => this.try(entry));
    }
    if (this.head === this.waiting.length || skipped.length > 0 || this.head > 1_024) {
      this.waiting = [...skipped, ...this.waiting.slice(this.head)];
      this.head = 0;
    }
  }

  private async try(entry: Entry<E>): Promise<void> {
    this.inFlight.add(entry);
    if (this.oneByOne) this.busyChannels.add(entry.channel);
    const outcome = await this.send(entry);
    this.inFlight.delete(entry);
    this.busyChannels.delete(entry.channel);
    if (outcome.kind === 'published') this.settle(entry, () => entry.resolve(outcome.position));
    else if (outcome.kind === 'refused')
      this.settle(entry, () => entry.reject(new RealtimeUnavailableError(outcome.why)));
    else {
      this.lastTrouble = outcome.why;
      this.running = false;
      entry.retry ||= outcome.mayBePublished;
      this.again.push(entry);
    }
    if (this.again.length > 0) this.putBack();
    else this.schedule();
  }

  /** Once nothing is on its way any more, what failed stands at the front again, in the order in which it was added. */
  private putBack(): void {
    if (this.inFlight.size > 0) return;
    const failed = this.again;
    const rest = this.waiting.slice(this.head);
    this.again = [];
    this.head = 0;
    this.waiting = [...failed.toSorted((a, b) => a.order - b.order), ...rest];
    this.onTrouble(this.lastTrouble);
  }

  private expire(now: number): void {
    for (const list of [this.waiting, this.again, this.inFlight]) {
      for (const entry of list) {
        if (entry.settled || entry.deadline > now) continue;
        const doubt = entry.retry || this.inFlight.has(entry);
        const what = doubt ? 'Not acknowledged in time, it may have been published' : 'Not published in time';
        this.settle(entry, () => entry.reject(new RealtimeUnavailableError(`${what}: ${this.lastTrouble}`)));
      }
    }
    this.waiting = this.waiting.slice(this.head).filter((entry) => !entry.settled);
    this.head = 0;
  }

  private settle(entry: Entry<E>, how: () => void): void {
    if (entry.settled) return;
    entry.settled = true;
    this.size -= 1;
    this.queuedBytes -= entry.bytes;
    if (this.size === 0) this.timer.unref();
    how();
  }
}
