import type { StreamChannel } from '../../protocol/stream-types.js';
import type { RealtimeError } from '../errors.js';
import type { Stop } from '../types.js';

/**
 * - `loading`: the server has not answered yet
 * - `none`: the server has no stream of this name yet; it begins as soon as a writer opens it
 * - `open`: the writer can add more
 * - `done`, `failed`, `cancelled`: the stream ended. A writer can continue a failed one
 * - `refused`: the server refuses the subscription, see `error`
 */
export type StreamState = 'loading' | 'none' | 'open' | 'done' | 'failed' | 'cancelled' | 'refused';

/** Bytes that the client has not received: the server had dropped them, or the client was too slow for them. */
export interface StreamGap {
  /** Index in `text`, or in `items`, before which they are missing. */
  readonly index: number;
  /** Number of missing bytes, in UTF-8. */
  readonly bytes: number;
}

/** Content of a stream. The object is immutable: a view can keep it. */
export interface StreamSnapshot<Item = unknown, Result = unknown> {
  /** Text so far; empty for a stream of JSON lines. */
  readonly text: string;
  /** Values so far; empty for a stream of text. */
  readonly items: readonly Item[];
  readonly state: StreamState;
  /** With `open`: true if the stream has ended already, and the rest of its content is still arriving. */
  readonly isEnding?: boolean | undefined;
  /** Result of a stream that is `done`. */
  readonly result?: Result | undefined;
  /** Reason of a stream that `failed` or was `cancelled`. */
  readonly reason?: string | undefined;
  /** Places where content is missing, in order. */
  readonly gaps: readonly StreamGap[];
  /** With `refused`: the error of the server. */
  readonly error?: RealtimeError | undefined;
}

/** Content that an iterator of a stream has not passed on yet. */
export interface StreamPart<Item = unknown> {
  readonly text: string;
  readonly items: readonly Item[];
  /** Number of bytes that are missing before this part, if any. */
  readonly missed?: number;
  /** True if the stream began anew: earlier parts belong to a stream that was replaced. */
  readonly restarted?: true;
}

/** One user of a stream. All users of a channel share one subscription, and one content. */
export interface RealtimeStream<Item = unknown, Result = unknown> extends AsyncIterable<StreamPart<Item>> {
  readonly channel: string;
  getSnapshot(): StreamSnapshot<Item, Result>;
  /**
   * Calls the listener after the content or the state has changed: at most once per animation frame, and outside of pages
   * and in hidden ones at most once per turn of the event loop. @returns a function that removes the listener
   */
  subscribe(listener: () => void): Stop;
  /**
   * Asks the writer to stop. The state becomes `cancelled` once it has.
   * @throws RealtimeError the server's error (`forbidden`, `not_found`, `unavailable`), `not_connected` or `timeout`
   */
  cancel(): Promise<void>;
  /** Ends this use, and its iterators. With the last one the subscription ends. */
  close(): void;
  /**
   * Iterates over what is there already, and over new parts. Parts that arrive while the loop is busy are joined. Ends when
   * the stream is done, and when this use or the client is closed.
   * @throws RealtimeError `interrupted` if the stream failed, `cancelled`, or the server's refusal
   */
  [Symbol.asyncIterator](): AsyncIterator<StreamPart<Item>, undefined>;
}

/** Type in the compiler's error for a channel that is not in the stream map. */
export interface UnknownStream<C extends string> {
  readonly 'this channel is not in the stream map': C;
}

/**
 * A literal must be a channel of the stream map, unless the map is empty. A `string` that is known only at run time is accepted.
 */
export type KnownStream<T, C extends string> = string extends C ? C : C extends StreamChannel<T> ? C : UnknownStream<C>;
