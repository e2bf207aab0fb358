import type { RealtimeClient } from '../types.js';
import { iterateStream, type StreamIterator } from './iterate-stream.js';
import { storeOf } from './stream-store.js';
import type { RealtimeStream } from './types.js';

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
 * `Item` is the type of the values of a stream of JSON lines.
 * @throws RealtimeError `invalid_channel`
 */
export function openStream<Item = unknown, E extends object = object>(
  client: RealtimeClient<E>,
  channel: string,
): RealtimeStream<Item> {
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
  return stream as RealtimeStream<Item>;
}
