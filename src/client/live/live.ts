import type { RealtimeStates } from '../../protocol/states.js';
import { internalsOf } from '../internals.js';
import { outsideZone } from '../outside-zone.js';
import type { RealtimeClient } from '../types.js';
import { LiveState, LOADING } from './live-state.js';
import type { KnownState, LiveResource, LiveSnapshot, StateOf } from './types.js';

/** A state, and its uses. */
interface Used {
  readonly state: LiveState;
  uses: number;
}

// client → channel → its state
const states = new WeakMap<object, Map<string, Used>>();

function statesOf(client: RealtimeClient): Map<string, Used> {
  const known = states.get(client);
  if (known) return known;
  const used = new Map<string, Used>();
  states.set(client, used);
  internalsOf(client).on('frame', (frame) => {
    const { channel } = frame as { readonly channel?: string };
    if (channel !== undefined) used.get(channel)?.state.take(frame);
  });
  return used;
}

/**
 * Follows a live resource: the server sends its state, and then the changes. After a break the client resumes, or receives the
 * state again. When the client continues as another user, the state is dropped at once.
 *
 *     const board = live(client, 'projects:42:board');
 *     const stop = board.subscribe(() => render(board.getSnapshot()));
 *     // later
 *     stop();
 *     board.close();
 *
 * Uses of the same channel share one subscription and one state.
 * @throws RealtimeError `invalid_channel`
 */
export function live<const C extends string, E extends object = object, S extends object = RealtimeStates>(
  client: RealtimeClient<E>,
  channel: C & KnownState<S, C>,
): LiveResource<StateOf<S, C>> {
  return outsideZone(() => use(client as unknown as RealtimeClient, channel)) as LiveResource<StateOf<S, C>>;
}

function use(client: RealtimeClient, channel: string): LiveResource {
  const all = statesOf(client);
  const used: Used = all.get(channel) ?? { state: new LiveState(client, channel), uses: 0 };
  all.set(channel, used);
  used.uses += 1;
  const { state } = used;
  let isOver = false;
  const endIfUnused = (): void => {
    if (used.uses > 0 || all.get(channel) !== used) return;
    all.delete(channel);
    state.end();
  };
  return {
    getSnapshot: () => state.snapshot,
    subscribe: (listener) => state.subscribe(listener),
    close() {
      if (isOver) return;
      isOver = true;
      used.uses -= 1;
      // Deferred, because a recreated view closes and opens its use in one step.
      void Promise.resolve().then(endIfUnused);
    },
  };
}

/** Returns the current state of a channel without using it. */
export function peek(client: object, channel: string): LiveSnapshot {
  return states.get(client)?.get(channel)?.state.snapshot ?? LOADING;
}
