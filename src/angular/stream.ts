import type { Signal } from '@angular/core';
import {
  NO_STREAM,
  streamSource,
  type KnownStreams,
  type StreamView,
  type StreamViewOf,
} from '../bindings/stream-source.js';
import type { RealtimeClient } from '../client/index.js';
import type { RealtimeStreamTypes } from '../protocol/index.js';
import { namesIn, signalPerName, type ChannelName, type Names } from './channel-input.js';
import { injectRealtimeClient } from './provider.js';

/** Type of `injectStream` for the channels of a stream map. */
export type InjectStream<T extends object> = <const C extends string>(
  channel: ChannelName<C> & KnownStreams<T, C>,
) => Signal<StreamViewOf<T, C>>;

/**
 * Returns the text of a stream, such as a log or the answer of a language model, which the server appends to. Subscribes to it
 * until the component is destroyed, from its beginning; after a break it resumes. The signal changes at most once per frame.
 * @param channel a stream, or a function that returns it. `null` and `undefined` use no channel
 */
export function injectStream<const C extends string>(
  channel: ChannelName<C> & KnownStreams<RealtimeStreamTypes, C>,
): Signal<StreamViewOf<RealtimeStreamTypes, C>> {
  return streamOf(injectRealtimeClient(), namesIn(channel));
}

/** Implements `injectStream` for any stream map. */
export function streamOf<View extends StreamView>(client: RealtimeClient, names: Names): Signal<View> {
  return signalPerName(
    names,
    ([name]) => (name === undefined ? NO_STREAM : streamSource(name).read(client)) as View,
    (name, changed) => streamSource(name).listen(client, changed),
  );
}
