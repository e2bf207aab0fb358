import type { ChannelChange, RealtimeClient, Stop } from '../client/index.js';
import { live, peek } from '../client/live/live.js';
import type { KnownState, LiveSnapshot, UnknownState } from '../client/live/index.js';
import { findChannel, useableChannel } from './find-channel.js';
import { perFrame } from './per-frame.js';
import type { StateSource } from './state-sources.js';

/** Options of a component that shows a live resource. */
export interface LiveOptions {
  /** Follows the state if true. Otherwise the status is `loading`. @default true */
  readonly enabled?: boolean | undefined;
}

/** Checks a channel that a function can return too: `MaybeGetter<C> & KnownStates<S, C>`. */
export type KnownStates<S, C extends string> = [C] extends [KnownState<S, C>]
  ? unknown
  : UnknownState<Exclude<C, keyof S>>;

/** A state that has not arrived. */
export const NOT_LOADED: LiveSnapshot<never> = { data: undefined, status: 'loading' };

// Stable objects, as `useSyncExternalStore` requires of a snapshot.
const refusals = new WeakMap<ChannelChange, LiveSnapshot>();

function refusalOf(change: ChannelChange): LiveSnapshot {
  const known = refusals.get(change) ?? { data: undefined, status: 'refused', error: change.error };
  refusals.set(change, known);
  return known;
}

/** The state of a live resource, for a component. It changes at most once per frame, at any rate of patches. */
export function liveSource(name: string, { enabled = true }: LiveOptions = {}): StateSource<LiveSnapshot> {
  return {
    initial: NOT_LOADED,
    read: (client) => {
      if (!enabled) return NOT_LOADED;
      const { change, isInvalid } = channelOf(client, name);
      return isInvalid ? refusalOf(change) : peek(client, name);
    },
    listen: (client, changed) => {
      if (!enabled || useableChannel(client, name) === null) return () => undefined;
      const resource = live<string>(client, name);
      const [notify, stop] = perFrame(changed);
      let shown = resource.getSnapshot().status;
      const show = (): void => {
        const { status } = resource.getSnapshot();
        notify(status !== shown); // a state that was dropped must not stay for a frame
        shown = status;
      };
      const stops: Stop[] = [resource.subscribe(show), stop, () => resource.close()];
      return () => stops.forEach((end) => end());
    },
  };
}

function channelOf(client: RealtimeClient, name: string): { change: ChannelChange; isInvalid: boolean } {
  const { change } = findChannel(client, name);
  return { change, isInvalid: change.error?.code === 'invalid_channel' };
}
