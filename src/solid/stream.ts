import type { Accessor } from 'solid-js';
import { streamSource, type KnownStreams, type StreamView, type StreamViewOf } from '../bindings/stream-source.js';
import type { StateSource } from '../bindings/state-sources.js';
import type { RealtimeStreamTypes } from '../protocol/index.js';
import type { MaybeAccessor } from './provide.js';
import { useSource } from './states.js';

/** Type of `useStream` for the channels of a stream map. */
export type UseStream<T extends object> = <const C extends string>(
  channel: MaybeAccessor<C> & KnownStreams<T, C>,
) => Accessor<StreamViewOf<T, C>>;

/**
 * Returns the text of a stream, such as a log or the answer of a language model, which the server appends to. Subscribes to it
 * until the component is disposed, from its beginning; after a break it resumes. Changes at most once per frame.
 */
export function useStream<const C extends string>(
  channel: MaybeAccessor<C> & KnownStreams<RealtimeStreamTypes, C>,
): Accessor<StreamViewOf<RealtimeStreamTypes, C>> {
  return useNamedStream(channel);
}

/** Implements `useStream` for any stream map. */
export function useNamedStream<View extends StreamView>(channel: MaybeAccessor<string>): Accessor<View> {
  return useSource(channel, streamSource as (name: string) => StateSource<View>);
}
