export { RealtimeUnavailableError } from '../broker/errors.js';

/** The event was refused: nothing was published, and it would be refused again. */
export class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';
  readonly code = 'invalid_event';

  /** @param field what is wrong: `channel`, `data`, `idempotencyKey` or `timeoutMs` */
  constructor(
    readonly field: string,
    readonly problem: string,
  ) {
    super(`${field} ${problem}`);
  }
}
