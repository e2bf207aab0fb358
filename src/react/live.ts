import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { liveSource, type LiveOptions } from '../bindings/live-source.js';
import type { KnownState, LiveData, LiveSnapshot, StateOf } from '../client/live/index.js';
import type { RealtimeStates } from '../protocol/index.js';
import { useRealtimeClient } from './provider.js';

/** Options of `useLive`. */
export type UseLiveOptions = LiveOptions;

/** Type of `useLive` for the channels of a state map. */
export type UseLive<S extends object> = <const C extends string>(
  channel: C & KnownState<S, C>,
  options?: UseLiveOptions,
) => LiveSnapshot<StateOf<S, C>>;

/**
 * Returns the state of a live resource, which follows the server while the component is mounted:
 *
 *     const { data, status } = useLive('projects:42:board');
 *     if (!data) return status === 'refused' ? <Refused /> : <Loading />;
 *     return <Board board={data} isStale={status === 'stale'} />;
 *
 * Parts of the state that did not change are the same objects as in the last render. Renders at most once per frame.
 * Components with the same channel share its subscription and its state.
 */
export function useLive<const C extends string>(
  channel: C & KnownState<RealtimeStates, C>,
  options: UseLiveOptions = {},
): LiveSnapshot<LiveData<C>> {
  return useNamedLive(channel, options);
}

/** Implements `useLive` for any state map. */
export function useNamedLive<T>(channel: string, { enabled = true }: UseLiveOptions = {}): LiveSnapshot<T> {
  const client = useRealtimeClient();
  const source = useMemo(() => liveSource(channel, { enabled }), [channel, enabled]);
  const subscribe = useCallback((changed: () => void) => source.listen(client, changed), [client, source]);
  return useSyncExternalStore(
    subscribe,
    () => source.read(client),
    () => source.initial,
  ) as LiveSnapshot<T>;
}
