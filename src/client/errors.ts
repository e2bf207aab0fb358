import type { ErrorCode } from '../protocol/codes.js';
import type { FieldProblem, ServerFrame } from '../protocol/frames.js';

/**
 * What a {@link RealtimeError} is about: a code of the server's catalogue, or one of the client's own:
 * - `token_failed`: `getToken` threw or rejected (`cause` says why)
 * - `not_connected`: a request without a connection, or whose connection ended before its answer
 * - `invalid_channel`: no name of a channel, or a wildcard
 * - `unsubscribed`: the channel has no user (any more)
 */
export type RealtimeErrorCode =
  ErrorCode | 'token_failed' | 'not_connected' | 'invalid_channel' | 'listener_failed' | 'unsubscribed';

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
