/**
 * The event was not acknowledged, and will not be published later. If only the acknowledgement was lost, the event may already be
 * published: see {@link mayBePublished}. To retry, publish again with the same `idempotencyKey`.
 */
export class RealtimeUnavailableError extends Error {
  override readonly name = 'RealtimeUnavailableError';
  readonly code = 'unavailable';
  /** False if the event was certainly not published. True if that is unknown. */
  readonly mayBePublished: boolean;

  constructor(message: string, options: ErrorOptions & { readonly mayBePublished?: boolean } = {}) {
    super(message, options);
    this.mayBePublished = options.mayBePublished ?? false;
  }
}
