import type { RealtimeStreamTypes, StreamItem, StreamResult } from '../../protocol/stream-types.js';
import type { RealtimeClient } from '../types.js';
import { iterateStream, type StreamIterator } from './iterate-stream.js';
import { storeOf } from './stream-store.js';
import type { KnownStream, RealtimeStream } from './types.js';

/**
 * Reads a stream: a text that one writer on the server appends to, such as a log or the answer of a language model. Begins
 * with what the server keeps, continues with what is added, and resumes after a break. All uses of a channel in a client share
 * one subscription.
 *
 *     const log = openStream(client, 'deployments:7:log');
 *     log.subscribe(() => show(log.getSnapshot().text));
 *     for await (const { text } of log) process.stdout.write(text);
 *     log.close();
 *
 * The stream map `RealtimeStreamTypes` types its items and its result.
 * @throws RealtimeError `invalid_channel`
 */
export function openStream<const C extends string, E extends object = object, T extends object = RealtimeStreamTypes>(
  client: RealtimeClient<E>,
  channel: C & KnownStream<T, C>,
): RealtimeStream<StreamItem<T, C>, StreamResult<T, C>> {
  const store = storeOf(client, channel);
  const release = store.hold();
  const iterators = new Set<StreamIterator>();
  const stops = new Set<() => void>();
  let isClosed = false;

  const stream: RealtimeStream = {
    channel,
    getSnapshot: store.getSnapshot,
    subscribe(listener) {
      if (isClosed) return () => undefined;
      const stop = store.onChange(listener);
      stops.add(stop);
      return () => {
        stops.delete(stop);
        stop();
      };
    },
    cancel: () => store.cancel(),
    close() {
      isClosed = true;
      for (const one of [...iterators]) one.end();
      for (const stop of stops) stop();
      release();
    },
    [Symbol.asyncIterator]() {
      const one = iterateStream(channel, store, () => iterators.delete(one));
      iterators.add(one);
      if (isClosed) one.end();
      return one.iterator;
    },
  };
  return stream as RealtimeStream<StreamItem<T, C>, StreamResult<T, C>>;
}
