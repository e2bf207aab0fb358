/**
 * The event was not acknowledged, and will not be published later. Where its answer was lost on the way it may stand in the
 * channel already (the message says so): publish again with the same `idempotencyKey`.
 */
export class RealtimeUnavailableError extends Error {
  override readonly name = 'RealtimeUnavailableError';
  readonly code = 'unavailable';
}
