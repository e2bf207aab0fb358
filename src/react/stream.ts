import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { streamSource, type StreamView } from '../bindings/stream-source.js';
import { useRealtimeClient } from './provider.js';

/**
 * Returns the text of a stream, such as a log or the answer of a language model, which the server appends to:
 *
 *     const { text, state, cancel } = useStream('deployments:7:log');
 *     <pre>{text}</pre>
 *     {state === 'open' && <button onClick={() => void cancel()}>Cancel</button>}
 *
 * Subscribes to the stream while the component is mounted, from its beginning; after a break it resumes. Renders at most once
 * per frame. Components with the same channel share its subscription and its text.
 *
 * `Item` is the type of the values of a stream of JSON lines.
 */
export function useStream<Item = unknown>(channel: string): StreamView<Item> {
  const client = useRealtimeClient();
  const source = useMemo(() => streamSource(channel), [channel]);
  const subscribe = useCallback((changed: () => void) => source.listen(client, changed), [client, source]);
  return useSyncExternalStore(
    subscribe,
    () => source.read(client),
    () => source.initial,
  ) as StreamView<Item>;
}
