import type { StreamEndState, StreamState } from '../../protocol/index.js';

/** Identifies one writer of a stream. Another writer of the same stream has another `writer`. */
export interface StreamToken {
  /** Id of the stream: of its text from the first byte on. */
  readonly id: string;
  /** Id of the writer, unique for each `open`: printable ASCII without spaces, at most 100 characters. */
  readonly writer: string;
}

/** Rules of a stream, the same for each call of its writer. */
export interface StreamRules {
  /** Time after each call of the writer for which the stream counts as being written, in milliseconds. */
  readonly leaseMs: number;
  /** Time for which the stream is kept after its last change, in milliseconds. */
  readonly ttlMs: number;
  /**
   * Maximum number of bytes that are kept. Above it the beginning is dropped, at most a quarter of it at once, up to the start of a
   * character or of a line.
   */
  readonly maxBytes: number;
  /** True if the text consists of lines: it is cut after line feeds only. */
  readonly lines: boolean;
}

/** A request to write a stream. */
export interface StreamOpening extends StreamToken {
  /** Instance of the writer, returned by `read`. At most 100 characters. */
  readonly owner: string;
  /** Continues a stream that failed, or whose writer does not renew its lease, under its id. */
  readonly resume: boolean;
}

/** Result of `open`. With `resume` the id is that of the earlier stream, unless bytes of it may have been lost. */
export type StreamOpened =
  | { readonly state: 'opened'; readonly id: string; readonly start: number; readonly next: number }
  | { readonly state: 'conflict' };

/**
 * Result of a writer's call. `fenced`: another writer opened the stream. `ended`: the stream has ended. `lost`: the stream is not
 * stored any more. `behind`: fewer bytes are stored than the writer wrote, because the backend lost some.
 */
export type StreamWritten =
  | { readonly state: 'written' }
  | { readonly state: 'fenced' | 'ended' | 'lost' }
  | { readonly state: 'behind'; readonly next: number };

/** Returns the result of a writer's call from its state, and for `behind` the length that is stored. */
export function streamWritten([state, next]: readonly string[]): StreamWritten {
  return state === 'behind'
    ? { state, next: Number(next) }
    : { state: state as 'written' | 'fenced' | 'ended' | 'lost' };
}

/** The end of a stream: its state, and JSON with `result` or `reason`. */
export interface StreamEnd {
  readonly state: StreamEndState;
  /** A JSON object. */
  readonly json: string;
}

/** A part of a stream. */
export interface StreamPage {
  readonly id: string;
  /** First byte that is kept. */
  readonly start: number;
  /** Length of the stream in bytes. */
  readonly next: number;
  readonly state: Exclude<StreamState, 'none'>;
  /** JSON of the end; `null` while it is open. */
  readonly end: string | null;
  /** Instance of the last writer. */
  readonly owner: string;
  /** Place of `text`. It is larger than requested if the beginning is not kept any more. */
  readonly at: number;
  readonly text: string;
}

/** Reason of a stream whose writer does not renew its lease. */
export const WRITER_LOST = '{"reason":"writer_lost"}';

/**
 * Port that keeps streams: for each topic one text, written by one writer. Each method is atomic. Lengths are bytes of UTF-8.
 *
 * Each method that changes a stream delivers its `notice` to all instances that are subscribed to the topic in the `Broker`, as an event
 * without a position whose body is the notice. It can be lost.
 *
 * `open`, `append` and `end` can be repeated by the same writer: the second call changes nothing and has the same result.
 */
export abstract class StreamStore {
  /**
   * Begins a stream, or continues one. A stream that is open and whose lease has not ended is a `conflict`.
   * @throws RealtimeUnavailableError
   */
  abstract open(topic: string, opening: StreamOpening, rules: StreamRules, notice: string): Promise<StreamOpened>;

  /**
   * Appends text at a length, and extends the lease. An empty text only extends the lease.
   * @param at the length before; if more is stored, the text was appended before, or another writer appended it
   * @throws RealtimeUnavailableError
   */
  abstract append(
    topic: string,
    token: StreamToken,
    at: number,
    text: string,
    rules: StreamRules,
    notice: string,
  ): Promise<StreamWritten>;

  /**
   * Appends the last text at a length, and ends the stream.
   * @param text the last text; empty if everything was appended before
   * @throws RealtimeUnavailableError
   */
  abstract end(
    topic: string,
    token: StreamToken,
    at: number,
    text: string,
    end: StreamEnd,
    rules: StreamRules,
    notice: string,
  ): Promise<StreamWritten>;

  /**
   * Reads a stream. If the lease of its writer has ended, the stream becomes `failed` with {@link WRITER_LOST}.
   * @param at first byte that is wanted
   * @param maxBytes maximum size of the text, which is cut between characters, or after a line feed if it consists of `lines`; 0 for none
   * @returns `null` if there is no stream
   * @throws RealtimeUnavailableError
   */
  abstract read(
    topic: string,
    at: number,
    maxBytes: number,
    lines: boolean,
    notice: string,
  ): Promise<StreamPage | null>;
}
