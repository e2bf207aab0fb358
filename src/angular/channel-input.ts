import { afterRenderEffect, computed, DestroyRef, inject, signal, untracked, type Signal } from '@angular/core';
import { keyOf, namesOf, type OneOrMany } from '../bindings/channel-names.js';
import { NamedEffects } from '../bindings/named-effects.js';
import type { Stop } from '../client/index.js';

/**
 * One channel, or several; or a function that returns them, such as a signal input. `null` and `undefined` use no
 * channel.
 */
export type ChannelInput<C extends string> = OneOrMany<C> | (() => OneOrMany<C> | null | undefined);

/** The same for one channel. */
export type ChannelName<C extends string = string> = C | (() => C | null | undefined);

/** The names of an input. They only change if a name was added, removed or moved. */
export type Names = Signal<readonly string[]>;

export function namesIn(input: ChannelInput<string>): Names {
  const key = computed(() => keyOf((typeof input === 'function' ? input() : input) ?? []));
  return computed(() => namesOf(key()));
}

/**
 * Runs one effect per name, in the browser, from the first render to the end of the injection context. A name that stays
 * keeps its effect.
 */
export function effectPerName(names: Names, begin: (name: string) => Stop): void {
  const effects = new NamedEffects(begin);
  afterRenderEffect({
    read: () => {
      const now = names();
      untracked(() => effects.run(now));
    },
  });
  inject(DestroyRef).onDestroy(() => effects.run([]));
}

/**
 * Returns a signal of a value that a client or a channel holds.
 * @param begin starts the effect of a name, which calls `changed` when the value has changed
 */
export function signalPerName<T>(
  names: Names,
  read: (names: readonly string[]) => T,
  begin: (name: string, changed: () => void) => Stop,
): Signal<T> {
  const version = signal(0);
  const changed = (): void => version.update((count) => count + 1);
  effectPerName(names, (name) => {
    const stop = begin(name, changed);
    changed(); // since the render
    return stop;
  });
  return computed(() => {
    version();
    return read(names());
  });
}
