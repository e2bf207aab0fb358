import type { RealtimeClient } from '../client/index.js';
import type { StreamItem, StreamResult } from '../protocol/index.js';
import { openStream, type KnownStream, type StreamSnapshot, type UnknownStream } from '../client/streams/index.js';
import { storeOf } from '../client/streams/stream-store.js';
import { findChannel, useableChannel } from './find-channel.js';
import type { StateSource } from './state-sources.js';

/** Content of a stream, and the function that cancels it. The object is immutable. */
export interface StreamView<Item = unknown, Result = unknown> extends StreamSnapshot<Item, Result> {
  /**
   * Asks the writer to stop. The state becomes `cancelled` once it has.
   * @throws RealtimeError the server's error (`forbidden`, `not_found`, `unavailable`), `not_connected` or `timeout`
   */
  readonly cancel: () => Promise<void>;
}

/** The view of a stream of the stream map. */
export type StreamViewOf<T, C extends string> = StreamView<StreamItem<T, C>, StreamResult<T, C>>;

/** Checks a channel that a function can return too: `MaybeGetter<C> & KnownStreams<T, C>`. */
export type KnownStreams<T, C extends string> = [C] extends [KnownStream<T, C>] ? unknown : UnknownStream<C>;

const NOTHING: StreamSnapshot<never, never> = { text: '', items: [], state: 'loading', gaps: [] };

/** A stream that has not arrived, in server rendering, and without a channel. */
export const NO_STREAM: StreamView<never, never> = {
  ...NOTHING,
  cancel: () => Promise.reject(new Error('No stream is shown: cancel it after the component is mounted')),
};

// Stable objects, as `useSyncExternalStore` requires of a snapshot.
const views = new WeakMap<object, StreamView>();

function viewOf(key: object, make: () => StreamView): StreamView {
  let view = views.get(key);
  if (!view) views.set(key, (view = make()));
  return view;
}

/** The stream of a channel, for a component. It changes at most once per frame, at any rate of writes. */
export function streamSource(name: string): StateSource<StreamView> {
  return {
    initial: NO_STREAM,
    read: (client) => {
      const { change } = findChannel(client, name);
      const { error } = change;
      if (error?.code === 'invalid_channel') return viewOf(change, () => ({ ...NO_STREAM, state: 'refused', error }));
      const store = storeOf(client, name);
      const snapshot = store.getSnapshot();
      return viewOf(snapshot, () => ({ ...snapshot, cancel: store.cancel }));
    },
    listen: (client: RealtimeClient, changed) => {
      if (useableChannel(client, name) === null) return () => undefined;
      const stream = openStream(client, name);
      stream.subscribe(changed);
      return () => stream.close();
    },
  };
}
