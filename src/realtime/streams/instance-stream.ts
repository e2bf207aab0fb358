import type { StreamState } from '../../protocol/index.js';
import type { StreamWriter } from './stream-writer.js';
import type { WatchedStream } from './watched-stream.js';

/** A stream that this instance writes. */
export interface OpenStream {
  readonly writer: StreamWriter;
  /** Times of `open` and of the last append, in milliseconds since 1970. */
  readonly openedAt: number;
  writtenAt: number;
}

/** A stream that one instance writes, or that clients of it read. */
export interface InstanceStream {
  readonly topic: string;
  readonly state: StreamState;
  /** Length in bytes, as the instance knows it. */
  readonly length: number;
  /** First byte that is kept; `null` if the instance does not know it, because no client of it reads the stream. */
  readonly start: number | null;
  readonly readers: number;
  /** Times of `open` and of the last append, in milliseconds since 1970; `null` if another instance writes it. */
  readonly writer: { readonly openedAt: number; readonly writtenAt: number } | null;
}

/** Returns the streams that an instance writes, and then those that its clients only read. */
export function* instanceStreams(
  writers: ReadonlyMap<string, OpenStream>,
  watched: ReadonlyMap<string, WatchedStream>,
): Iterable<InstanceStream> {
  for (const [topic, { writer, openedAt, writtenAt }] of writers) {
    const read = watched.get(topic);
    const start = read?.id === writer.id ? read.start : null;
    const length = writer.length;
    yield { topic, state: writer.state, length, start, readers: read?.size ?? 0, writer: { openedAt, writtenAt } };
  }
  for (const [topic, { info, size }] of watched) {
    if (writers.has(topic) || size === 0) continue;
    const { state, next, start } = info;
    yield { topic, state, length: next, start, readers: size, writer: null };
  }
}
