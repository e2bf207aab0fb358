/** Streams: a text, or lines of JSON, that one writer on the server appends to, and that clients read from any place. */
export { openStream } from './open-stream.js';
export type {
  KnownStream,
  RealtimeStream,
  StreamGap,
  StreamPart,
  StreamSnapshot,
  StreamState,
  UnknownStream,
} from './types.js';
export type * from '../../protocol/stream-types.js';
