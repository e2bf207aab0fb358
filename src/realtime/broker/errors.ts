/**
 * The event was not acknowledged, and will not be published later. If its answer was lost on the way, it may be in the channel
 * already: {@link mayBePublished} says so. Publish again with the same `idempotencyKey`.
 */
export class RealtimeUnavailableError extends Error {
  override readonly name = 'RealtimeUnavailableError';
  readonly code = 'unavailable';
  /** `false`: the event was certainly not published. `true`: it is not known. */
  readonly mayBePublished: boolean;

  constructor(message: string, options: ErrorOptions & { readonly mayBePublished?: boolean } = {}) {
    super(message, options);
    this.mayBePublished = options.mayBePublished ?? false;
  }
}
