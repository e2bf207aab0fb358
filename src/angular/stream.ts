import type { Signal } from '@angular/core';
import { NO_STREAM, streamSource, type StreamView } from '../bindings/stream-source.js';
import type { RealtimeClient } from '../client/index.js';
import { namesIn, signalPerName, type ChannelName, type Names } from './channel-input.js';
import { injectRealtimeClient } from './provider.js';

/**
 * Returns the text of a stream, such as a log or the answer of a language model, which the server appends to. Subscribes to it
 * until the component is destroyed, from its beginning; after a break it resumes. The signal changes at most once per frame.
 *
 * `Item` is the type of the values of a stream of JSON lines.
 * @param channel a stream, or a function that returns it. `null` and `undefined` use no channel
 */
export function injectStream<Item = unknown>(channel: ChannelName): Signal<StreamView<Item>> {
  return streamOf<Item>(injectRealtimeClient(), namesIn(channel));
}

export function streamOf<Item>(client: RealtimeClient, names: Names): Signal<StreamView<Item>> {
  return signalPerName(
    names,
    ([name]) => (name === undefined ? NO_STREAM : streamSource(name).read(client)) as StreamView<Item>,
    (name, changed) => streamSource(name).listen(client, changed),
  );
}
