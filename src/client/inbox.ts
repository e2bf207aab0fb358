import { callListener } from './emitter.js';
import type { Stop } from './types.js';

/** What was handed to listeners. */
interface Entry {
  readonly id: string | undefined;
  /** Those who are not done with it. */
  readonly open: Set<object>;
}

interface Reader<V> {
  readonly listener: (value: V) => unknown;
  /** While it is busy: the end of all that it has to do. */
  last?: Promise<void> | undefined;
}

/**
 * Hands each value to each listener, in order: an asynchronous listener gets its next value when it is done with the one
 * before, and holds nobody else up. `lastEventId` moves on when all listeners are done.
 */
export interface Inbox<V> {
  lastEventId: string | undefined;
  add(listener: (value: V) => unknown): Stop;
  /** @returns how many values are not yet done by all */
  push(value: V, id: string | undefined): number;
  /** Something whose end `lastEventId` waits for, as for an event. @returns to be called when it is done */
  hold(id: string | undefined): Stop;
  /** Drops events that no listener has started; `lastEventId` stays where it is. */
  clear(): void;
}

/** @param onEmpty nothing is pending (it may be called when nothing was) */
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
      const own = pending; // another list after `clear`
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
