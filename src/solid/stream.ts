import type { Accessor } from 'solid-js';
import { streamSource, type StreamView } from '../bindings/stream-source.js';
import type { StateSource } from '../bindings/state-sources.js';
import type { MaybeAccessor } from './provide.js';
import { useSource } from './states.js';

/**
 * Returns the text of a stream, such as a log or the answer of a language model, which the server appends to. Subscribes to it
 * until the component is disposed, from its beginning; after a break it resumes. Changes at most once per frame.
 *
 * `Item` is the type of the values of a stream of JSON lines.
 */
export function useStream<Item = unknown>(channel: MaybeAccessor<string>): Accessor<StreamView<Item>> {
  return useSource(channel, streamSource as (name: string) => StateSource<StreamView<Item>>);
}
