/**
 * The event was not acknowledged, and will not be published later. If only the acknowledgement was lost, the event may
 * be in the channel already: see {@link mayBePublished}. Publish again with the same `idempotencyKey`.
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
