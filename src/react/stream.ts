import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { streamSource, type KnownStreams, type StreamView, type StreamViewOf } from '../bindings/stream-source.js';
import type { RealtimeStreamTypes } from '../protocol/index.js';
import { useRealtimeClient } from './provider.js';

/** Type of `useStream` for the channels of a stream map. */
export type UseStream<T extends object> = <const C extends string>(
  channel: C & KnownStreams<T, C>,
) => StreamViewOf<T, C>;

/**
 * Returns the text of a stream, such as a log or the answer of a language model, which the server appends to:
 *
 *     const { text, state, cancel } = useStream('deployments:7:log');
 *     <pre>{text}</pre>
 *     {state === 'open' && <button onClick={() => void cancel()}>Cancel</button>}
 *
 * Subscribes to the stream while the component is mounted, from its beginning; after a break it resumes. Renders at most once
 * per frame. Components with the same channel share its subscription and its text.
 */
export function useStream<const C extends string>(
  channel: C & KnownStreams<RealtimeStreamTypes, C>,
): StreamViewOf<RealtimeStreamTypes, C> {
  return useNamedStream(channel);
}

/** Implements `useStream` for any stream map. */
export function useNamedStream<View extends StreamView>(channel: string): View {
  const client = useRealtimeClient();
  const source = useMemo(() => streamSource(channel), [channel]);
  const subscribe = useCallback((changed: () => void) => source.listen(client, changed), [client, source]);
  return useSyncExternalStore(
    subscribe,
    () => source.read(client),
    () => source.initial,
  ) as View;
}
