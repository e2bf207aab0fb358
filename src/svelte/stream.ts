import { streamSource, type StreamView } from '../bindings/stream-source.js';
import type { StateSource } from '../bindings/state-sources.js';
import type { MaybeGetter, RealtimeValue } from './realtime-value.js';
import { useSource } from './states.js';

/**
 * Returns the text of a stream, such as a log or the answer of a language model, which the server appends to. Subscribes to it
 * while it is shown, from its beginning; after a break it resumes. Changes at most once per frame.
 *
 * `Item` is the type of the values of a stream of JSON lines.
 */
export function useStream<Item = unknown>(channel: MaybeGetter<string>): RealtimeValue<StreamView<Item>> {
  return useSource(channel, streamSource as (name: string) => StateSource<StreamView<Item>>);
}
