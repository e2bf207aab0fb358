import type { Stop } from './types.js';

/** What was handed to listeners, and is not yet done by all of them. */
interface Entry {
  readonly id: string | undefined;
  open: number;
}

type Listener<V> = (value: V) => void | Promise<void>;

interface Reader<V> {
  readonly listener: Listener<V>;
  queue: { readonly value: V; readonly entry: Entry }[];
  busy: boolean;
}

/**
 * Hands each value to each listener, in order: an asynchronous listener gets its next value when it is done with the one
 * before, and holds nobody else up. `lastEventId` moves on when all listeners are done.
 */
export class Inbox<V> {
  lastEventId: string | undefined;
  // oldest first
  #pending: Entry[] = [];
  readonly #readers = new Set<Reader<V>>();

  /** @param onDone what was pending is done by all */
  constructor(
    private readonly failed: (error: unknown) => void,
    private readonly onDone: () => void,
  ) {}

  /** How many values are not yet done by all. */
  get waiting(): number {
    return this.#pending.length;
  }

  add(listener: Listener<V>): Stop {
    const reader: Reader<V> = { listener, queue: [], busy: false };
    this.#readers.add(reader);
    return () => {
      if (!this.#readers.delete(reader)) return;
      for (const { entry } of reader.queue.splice(0)) this.#done(entry);
    };
  }

  push(value: V, id: string | undefined): void {
    const entry: Entry = { id, open: this.#readers.size };
    this.#pending.push(entry);
    if (entry.open === 0) this.#advance();
    for (const reader of [...this.#readers]) {
      reader.queue.push({ value, entry });
      this.#pump(reader);
    }
  }

  /** Something whose end `lastEventId` waits for, as for an event. @returns to be called when it is done */
  hold(id: string | undefined): Stop {
    const entry: Entry = { id, open: 1 };
    this.#pending.push(entry);
    return () => this.#done(entry);
  }

  /** Lets go of what no listener has begun with; `lastEventId` stays where it is. */
  clear(): void {
    this.#pending = [];
    for (const reader of this.#readers) reader.queue = [];
  }

  #pump(reader: Reader<V>): void {
    while (!reader.busy) {
      const next = reader.queue.shift();
      if (next === undefined) return;
      reader.busy = true;
      const promise = callListener(() => reader.listener(next.value), this.failed);
      if (promise === undefined) {
        reader.busy = false;
        this.#done(next.entry);
      } else {
        void promise.then(() => {
          reader.busy = false;
          this.#done(next.entry);
          this.#pump(reader);
        });
      }
    }
  }

  #done(entry: Entry): void {
    entry.open -= 1;
    if (this.#pending[0]?.open === 0) this.#advance();
  }

  #advance(): void {
    while (this.#pending[0]?.open === 0) this.lastEventId = this.#pending.shift()!.id ?? this.lastEventId;
    if (this.#pending.length === 0) this.onDone();
  }
}

/** Calls it, and tells when it throws. @returns where it is asynchronous, a promise that does not reject */
export function callListener(
  call: () => void | Promise<void>,
  failed: (error: unknown) => void,
): Promise<void> | undefined {
  try {
    return call()?.then(undefined, failed);
  } catch (error) {
    failed(error);
    return undefined;
  }
}
