import { streamSource, type KnownStreams, type StreamView, type StreamViewOf } from '../bindings/stream-source.js';
import type { StateSource } from '../bindings/state-sources.js';
import type { RealtimeStreamTypes } from '../protocol/index.js';
import type { MaybeGetter, RealtimeValue } from './realtime-value.js';
import { useSource } from './states.js';

/** Type of `useStream` for the channels of a stream map. */
export type UseStream<T extends object> = <const C extends string>(
  channel: MaybeGetter<C> & KnownStreams<T, C>,
) => RealtimeValue<StreamViewOf<T, C>>;

/**
 * Returns the text of a stream, such as a log or the answer of a language model, which the server appends to. Subscribes to it
 * while it is shown, from its beginning; after a break it resumes. Changes at most once per frame.
 */
export function useStream<const C extends string>(
  channel: MaybeGetter<C> & KnownStreams<RealtimeStreamTypes, C>,
): RealtimeValue<StreamViewOf<RealtimeStreamTypes, C>> {
  return useNamedStream(channel);
}

/** Implements `useStream` for any stream map. */
export function useNamedStream<View extends StreamView>(channel: MaybeGetter<string>): RealtimeValue<View> {
  return useSource(channel, streamSource as (name: string) => StateSource<View>);
}
