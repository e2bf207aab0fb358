import type { ErrorCode, FieldProblem } from '../protocol/index.js';

/**
 * What a {@link RealtimeError} is about: a code of the server's catalogue, or one of the client's own:
 * - `token_failed`: `getToken` threw or rejected (`cause` says why)
 * - `not_connected`: a request without a connection, or whose connection ended before its answer
 * - `timeout`: a request had no answer in time
 * - `invalid_channel`: no name of a channel, or a wildcard
 * - `invalid_frame`: the server sent what is not the protocol
 * - `listener_failed`: a listener threw or rejected (`cause` says what)
 * - `unsubscribed`: the channel has no user (any more)
 */
export type RealtimeErrorCode =
  | ErrorCode
  | 'token_failed'
  | 'not_connected'
  | 'timeout'
  | 'invalid_channel'
  | 'invalid_frame'
  | 'listener_failed'
  | 'unsubscribed';

/** What went wrong, with a code to tell it by. */
export class RealtimeError extends Error {
  override readonly name = 'RealtimeError';

  /** @param details the fields of a request that the server found wrong */
  constructor(
    readonly code: RealtimeErrorCode,
    message: string,
    readonly channel?: string,
    cause?: unknown,
    readonly details?: readonly FieldProblem[],
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
