import type { ErrorCode } from '../protocol/codes.js';
import type { FieldProblem, ServerFrame } from '../protocol/frames.js';

/**
 * Codes of a {@link RealtimeError}: those of the server, and these of the client:
 * - `token_failed`: `getToken` threw, rejected or timed out (see `cause`)
 * - `signed_out`: `getToken` throws an error with this code to stop the client
 * - `unreachable`: five attempts to connect failed in a row, or one failed with an HTTP status such as 404
 * - `invalid_frame`: the server sent data that violates the protocol; it was ignored, or the connection was closed
 * - `not_connected`: a request without a connection, or the connection ended before the reply
 * - `timeout`: a request, or the loader of `follow`, timed out
 * - `invalid_channel`: not a channel name, or a wildcard
 * - `unsubscribed`: the channel has no subscriber
 */
export type RealtimeErrorCode =
  | ErrorCode
  | 'token_failed'
  | 'signed_out'
  | 'unreachable'
  | 'invalid_frame'
  | 'not_connected'
  | 'timeout'
  | 'invalid_channel'
  | 'unsubscribed';

/** Key of an internal client method that reports an error to the `error` listeners, for the hooks. */
export const REPORT = Symbol();

/** An error with a code. */
export class RealtimeError extends Error {
  declare readonly code: RealtimeErrorCode;
  declare readonly channel: string | undefined;
  /** Fields of a request that the server rejected. */
  declare readonly details: readonly FieldProblem[] | undefined;

  constructor(
    code: RealtimeErrorCode,
    message: string,
    about: { channel?: string | undefined; cause?: unknown; details?: readonly FieldProblem[] | undefined } = {},
  ) {
    super(message, about);
    this.name = 'RealtimeError';
    this.code = code;
    this.channel = about.channel;
    this.details = about.details;
  }
}

/** Converts an `error` frame to an error. */
export function errorOf(frame: Extract<ServerFrame, { type: 'error' }>): RealtimeError {
  return new RealtimeError(frame.code, frame.message, frame);
}
