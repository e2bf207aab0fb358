// Mounts components of Svelte without a DOM. It is bundled, because Svelte loads its server in Node.
import { flushSync, type Component } from 'svelte';
import { fromStore, writable } from 'svelte/store';
import { effect_root as effectRoot } from 'svelte/internal/client';
import { createRealtimeClient, type RealtimeClient } from '../../../src/client/index.js';
import type { RealtimeValue } from '../../../src/svelte/index.js';
import type { Binding, Given, Handles, Part } from '../support/binding.js';
import Runes from './runes.svelte';
import Stores from './stores.svelte';
import Value from './value.svelte';

type Mounting = Omit<Binding, 'renderOnServer'>;

interface Props {
  readonly part: Part | 'alone';
  readonly args: { readonly current: Given };
  readonly handles: Partial<Handles>;
  readonly show: (text: string) => void;
}

function bindingOf(component: Component<Props>): Mounting {
  const run = (props: Props) => {
    const end = effectRoot(() => void component(null as never, props));
    flushSync();
    return end;
  };
  return {
    createRealtimeClient,
    async mount(part, first) {
      const given = writable(first);
      const shown: string[] = [];
      const handles: Partial<Handles> = {};
      const end = run({ part, args: fromStore(given), handles, show: (text) => void shown.push(text) });
      await Promise.resolve();
      return {
        shown,
        async set(changes) {
          given.update((before) => ({ ...before, ...changes }));
          flushSync();
          await Promise.resolve();
        },
        setState: (state) => handles.setState!(state),
        loadMore: () => handles.loadMore!(),
        rename: (name) => handles.rename!(name),
        async unmount() {
          end();
          await Promise.resolve();
        },
      };
    },
    mountAlone: () => void run({ part: 'alone', args: { current: {} as Given }, handles: {}, show: () => undefined }),
  };
}

export const runes = bindingOf(Runes);
export const stores = bindingOf(Stores);

export { createRealtimeClient };

/** Returns the events of `apps:created` as a component gets them. */
export function eventsOf(client: RealtimeClient): RealtimeValue<readonly unknown[]> {
  let value: RealtimeValue<readonly unknown[]> | undefined;
  const give = (given: RealtimeValue<readonly unknown[]>): void => void (value = given);
  effectRoot(() => void Value(null as never, { client, give } as never));
  return value!;
}
