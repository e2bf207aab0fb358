import { callListener } from './emitter.js';
import type { Stop } from './types.js';

/** A value that was passed to listeners. */
interface Entry {
  readonly id: string | undefined;
  /** Listeners that have not finished it. */
  readonly open: Set<object>;
}

interface Reader<V> {
  readonly listener: (value: V) => unknown;
  /** While busy: resolves when the listener has finished all values passed so far. */
  last?: Promise<void> | undefined;
}

/**
 * Passes each value to each listener, in order. An asynchronous listener gets its next value when it has finished the
 * previous one, without delaying other listeners. `lastEventId` advances when all listeners have finished.
 */
export interface Inbox<V> {
  lastEventId: string | undefined;
  add(listener: (value: V) => unknown): Stop;
  /** @returns the number of values that some listener has not finished */
  push(value: V, id: string | undefined): number;
  /** Makes `lastEventId` wait for a task as for an event. @returns a function to call when the task is done */
  hold(id: string | undefined): Stop;
  /** Drops events that no listener has started; `lastEventId` does not change. */
  clear(): void;
}

/** @param onEmpty called when no value is pending, perhaps repeatedly */
export function createInbox<V>(onEmpty: () => void): Inbox<V> {
  const readers = new Set<Reader<V>>();
  // oldest first
  let pending: Entry[] = [];

  const advance = (): void => {
    while (pending[0]?.open.size === 0) inbox.lastEventId = pending.shift()!.id ?? inbox.lastEventId;
    if (pending.length === 0) onEmpty();
  };
  const enter = (id: string | undefined, open: Iterable<object>): ((one: object) => void) => {
    const entry = { id, open: new Set(open) };
    pending.push(entry);
    return (one) => {
      entry.open.delete(one);
      advance();
    };
  };

  const inbox: Inbox<V> = {
    lastEventId: undefined,
    add(listener) {
      const reader: Reader<V> = { listener };
      readers.add(reader);
      return () => {
        readers.delete(reader);
        for (const { open } of pending) open.delete(reader);
        advance();
      };
    },
    push(value, id) {
      const own = pending; // `clear` replaces the list
      const finish = enter(id, readers);
      advance();
      for (const reader of [...readers]) {
        const run = (): Promise<void> | undefined =>
          readers.has(reader) && own === pending ? callListener(reader.listener, value) : undefined;
        const promise = reader.last ? reader.last.then(run) : run();
        if (promise) {
          const last = promise.then(() => {
            if (reader.last === last) reader.last = undefined;
            finish(reader);
          });
          reader.last = last;
        } else finish(reader);
      }
      return pending.length;
    },
    hold(id) {
      const done = enter(id, [inbox]);
      return () => done(inbox);
    },
    clear() {
      pending = [];
    },
  };
  return inbox;
}
