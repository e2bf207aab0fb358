/** Catalogue of error codes and close codes. A test compares PROTOCOL.md with it. */

/** Errors that answer a rejected frame. `message` is the default of `error.message`; `meaning` is for the docs. */
export const ERROR_CODES = {
  invalid_json: { message: 'The frame is not valid JSON', meaning: 'The text of the frame does not parse as JSON.' },
  invalid_message: {
    message: 'The frame is not a valid message',
    meaning: 'JSON that is not an object, a missing or wrong field (`details` names it), or a binary frame.',
  },
  unknown_type: { message: 'Unknown message type', meaning: 'This server does not know the `type`.' },
  unknown_channel: { message: 'Unknown channel', meaning: 'No channel of this name is registered.' },
  forbidden: {
    message: 'Not authorized to subscribe to this channel',
    meaning: 'The user of this connection is not allowed to do this.',
  },
  not_subscribed: {
    message: 'Not subscribed to this channel',
    meaning: 'This connection is not subscribed to the channel.',
  },
  auth_required: {
    message: 'Authentication required: send {"type":"auth","token":"…"} first',
    meaning: 'Anonymous connections are switched off, and no token was sent yet.',
  },
  token_invalid: {
    message: 'The token is not valid',
    meaning: 'Malformed, wrong signature, algorithm, issuer or audience, not yet valid, or without a usable user id.',
  },
  token_expired: { message: 'The token has expired', meaning: 'The token was valid before; send a fresh one.' },
  rate_limited: {
    message: 'Too many frames: slow down',
    meaning: 'This frame exceeded the allowed rate and was not handled.',
  },
  too_many_subscriptions: {
    message: 'Too many subscriptions on this connection',
    meaning: 'The limit of subscriptions of one connection is reached.',
  },
  too_many_connections: {
    message: 'Too many connections',
    meaning: 'The limit of connections of this user, or of this instance, is reached.',
  },
  presence_disabled: {
    message: 'This channel has no presence',
    meaning: "The channel's definition does not switch presence on.",
  },
  occupancy_disabled: {
    message: 'This channel does not show its occupancy',
    meaning: "The channel's definition does not switch occupancy on.",
  },
  stream_disabled: {
    message: 'This channel is not a stream',
    meaning: "The request is for a stream, and the channel's definition does not make it one.",
  },
  stream_required: {
    message: 'This channel is a stream: subscribe with "stream":{}',
    meaning: 'A stream has no events. Clients read its text by `stream` of `subscribe`.',
  },
  unknown_command: { message: 'Unknown command', meaning: 'No command of this name is registered.' },
  not_found: { message: 'Not found', meaning: 'The command, or `cancel`, did not find its object.' },
  conflict: { message: 'Conflict', meaning: 'The command does not fit the current state of its object.' },
  too_large: { message: 'Too large', meaning: 'The input or the result of a command is larger than its limit.' },
  timeout: {
    message: 'The command took too long',
    meaning: 'The command did not end within its time limit. It can have had effects.',
  },
  in_progress: {
    message: 'The call is still running',
    meaning: 'A call with this id runs on another instance; send the same frame later.',
  },
  interrupted: {
    message: 'The outcome of the call is unknown',
    meaning: 'The instance that ran the call ended, or the outcome is no longer kept. It can have had effects.',
  },
  cancelled: { message: 'The call was cancelled', meaning: 'The client cancelled the call. It can have had effects.' },
  unavailable: {
    message: 'Temporarily unavailable: try again',
    meaning: 'A dependency of the server does not answer now; send the same frame later.',
  },
  internal: { message: 'Internal error', meaning: 'A fault of the server. It was logged; no detail reaches a client.' },
} as const satisfies Record<string, { message: string; meaning: string }>;

/** The `code` of an `error` frame. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Reaction of a client to a close. */
export type CloseReaction = 'reconnects' | 'stays closed' | 'reconnects with a new token';

/**
 * Reasons for which the server closes a connection: `code`, `reason` (the text of the close frame, at most 123 bytes),
 * and `then`, the reaction of the client.
 */
export const CLOSE_CODES = {
  goingAway: { code: 1001, reason: 'shutting down', then: 'reconnects' },
  protocolError: { code: 1002, reason: 'invalid frame (RFC 6455)', then: 'reconnects' },
  invalidText: { code: 1007, reason: 'text is not valid UTF-8', then: 'reconnects' },
  tooManyFragments: { code: 1008, reason: 'too many fragments, or an incomplete message', then: 'reconnects' },
  frameTooLarge: { code: 1009, reason: 'frame too large', then: 'stays closed' },
  restarting: { code: 1012, reason: 'restarting', then: 'reconnects' },
  instanceFull: { code: 1013, reason: 'instance is full', then: 'reconnects' },
  protocolViolation: { code: 4400, reason: 'too many invalid frames', then: 'stays closed' },
  unauthorized: { code: 4401, reason: 'no valid token', then: 'reconnects with a new token' },
  accessRevoked: { code: 4403, reason: 'access was revoked', then: 'stays closed' },
  tooManyConnections: { code: 4429, reason: 'too many connections', then: 'stays closed' },
  internal: { code: 4500, reason: 'internal error', then: 'reconnects' },
  slowConsumer: { code: 4501, reason: 'client reads too slowly', then: 'reconnects' },
  heartbeatTimeout: { code: 4502, reason: 'heartbeat timeout', then: 'reconnects' },
  rateLimited: { code: 4503, reason: 'rate limit exceeded', then: 'reconnects' },
  anonymousTimeout: { code: 4504, reason: 'no token received in time', then: 'reconnects' },
  unavailable: { code: 4505, reason: 'temporarily unavailable', then: 'reconnects' },
} as const satisfies Record<string, { code: number; reason: string; then: CloseReaction }>;

/** Name of an entry in {@link CLOSE_CODES}. */
export type CloseName = keyof typeof CLOSE_CODES;
