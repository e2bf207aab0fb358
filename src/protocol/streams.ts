/** Frames of streams: a text that one writer appends to, and that readers follow by its length in UTF-8 bytes. */
/** Maximum size of the text in one `stream` frame, in bytes of UTF-8. */
export const MAX_STREAM_FRAME_BYTES = 65_536;

/** Maximum length of the id of a stream, in characters. */
export const MAX_STREAM_ID_LENGTH = 64;

/** State of a stream: `none` before it was opened, and after it expired. */
export const STREAM_STATES = ['none', 'open', 'done', 'failed', 'cancelled'] as const;
export type StreamState = (typeof STREAM_STATES)[number];

/** State of a stream that has ended. */
export type StreamEndState = Exclude<StreamState, 'none' | 'open'>;

/** Place from which a client reads a stream: `stream` of a `subscribe` frame. A new reader sends `{}`. */
export interface StreamFrom {
  /** Number of bytes that the client has: the `next` of the last frame that it received. @default 0 */
  readonly at?: number;
  /** Id of the stream that `at` belongs to. If the channel has another stream now, the client receives it from its start. */
  readonly id?: string;
}

/** The stream of a channel when a client subscribed. */
export interface StreamInfo {
  /** Id of this stream; `null` if it was not opened yet. */
  readonly id: string | null;
  /** First byte that is kept. */
  readonly start: number;
  /** Length of the stream in bytes. */
  readonly next: number;
  readonly state: StreamState;
}

/** Frame with a part of a stream, or its end, or both. It has no `timestamp`. */
export interface StreamFrame {
  readonly type: 'stream';
  readonly channel: string;
  /** Id of the stream, if it is not that of the frame before. The text starts over. */
  readonly id?: string;
  /** First byte of the part. */
  readonly at: number;
  /** Byte after the part. */
  readonly next: number;
  /** The part. Absent in streams of JSON lines, and if the part is empty. */
  readonly text?: string;
  /** Values of the part, in a stream of JSON lines. Absent if the part is empty. */
  readonly items?: readonly unknown[];
  /** Present in the last frame. */
  readonly state?: StreamEndState;
  /** Result of a stream that is `done`, if its writer gave one. */
  readonly result?: unknown;
  /** Reason of a stream that `failed` or was `cancelled`. */
  readonly reason?: string;
}

/** Frame that asks the writer of a stream to stop. */
export interface StreamCancelFrame {
  readonly type: 'stream_cancel';
  readonly channel: string;
}

/** Frame that answers `stream_cancel`: the writer's instance has received the request. */
export interface StreamCancelledFrame {
  readonly type: 'stream_cancelled';
  readonly channel: string;
}
