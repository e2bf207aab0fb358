import type { ErrorCode } from '../protocol/codes.js';
import type { FieldProblem, ServerFrame } from '../protocol/frames.js';

/**
 * What a {@link RealtimeError} is about: a code of the server's catalogue, or one of the client's own:
 * - `token_failed`: `getToken` threw, rejected or did not answer in time (`cause` says why)
 * - `signed_out`: `getToken` throws an error with this code to stop the client
 * - `unreachable`: five attempts to connect failed in a row, or one was answered with an HTTP status such as 404
 * - `invalid_frame`: the server sent what is not of the protocol; it was ignored, or the connection was closed
 * - `not_connected`: a request without a connection, or whose connection ended before its answer
 * - `timeout`: a request, or the loader of `follow`, was not answered in time
 * - `invalid_channel`: not the name of a channel, or a wildcard
 * - `unsubscribed`: the channel has no user
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

/** The key of a client's method that reports an error to its `error` listeners, for the hooks. */
export const REPORT = Symbol('report');

/** What went wrong, with a code to tell it by. */
export class RealtimeError extends Error {
  declare readonly code: RealtimeErrorCode;
  declare readonly channel: string | undefined;
  /** The fields of a request that the server found wrong. */
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

/** An `error` frame as an error. */
export function errorOf(frame: Extract<ServerFrame, { type: 'error' }>): RealtimeError {
  return new RealtimeError(frame.code, frame.message, frame);
}
