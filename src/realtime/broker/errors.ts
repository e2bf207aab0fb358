/** The event was not published, and will not be later. Publishing it again is safe. */
export class RealtimeUnavailableError extends Error {
  override readonly name = 'RealtimeUnavailableError';
  readonly code = 'unavailable';
}
