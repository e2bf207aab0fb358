import { untrack } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';
import { toStore, type Readable } from 'svelte/store';
import type { Stop } from '../client/index.js';

/** A value, or a function that returns it and that is called again when a state that it reads has changed. */
export type MaybeGetter<T> = T | (() => T);

/** Returns the current value. */
export function valueOf<T extends string | object>(value: MaybeGetter<T>): T {
  return typeof value === 'function' ? (value as () => T)() : value;
}

/**
 * A value that changes. With runes read `current`; it is also a store, so `$value` works in every component. It is kept
 * up to date while it is used.
 */
export interface RealtimeValue<T> extends Readable<T> {
  readonly current: T;
}

/** Returns true where components are rendered to strings. */
export const isOnServer = (): boolean => (globalThis as { readonly window?: unknown }).window === undefined;

/**
 * Creates a value.
 * @param start called for the first user of the value, and not on a server
 */
export function createValue<T>(read: () => T, start: (changed: () => void) => Stop): RealtimeValue<T> {
  const users = new Set<{ readonly changed: () => void }>();
  let stop: Stop = () => undefined;
  const use = (changed: () => void): Stop => {
    const user = { changed };
    users.add(user);
    if (users.size === 1) {
      stop = start(() => {
        for (const each of [...users]) each.changed();
      });
    }
    return () => {
      if (users.delete(user) && users.size === 0) stop();
    };
  };
  const track = createSubscriber(use);
  return {
    get current() {
      track();
      return read();
    },
    subscribe(run) {
      const leave = isOnServer() ? () => undefined : use(() => run(read()));
      run(read());
      return leave;
    },
  };
}

/**
 * Calls back with the arguments of a component, and again when a state that they read has changed. The component must be
 * in creation.
 */
export function followed<Args>(read: () => Args): (update: (args: Args) => void) => Stop {
  const args = toStore(read);
  return (update) => args.subscribe((given) => untrack(() => update(given)));
}
