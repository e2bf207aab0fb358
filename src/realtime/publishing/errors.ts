import { RealtimeUnavailableError } from '../broker/errors.js';

export { RealtimeUnavailableError };

/** The event rate limit of a tenant is exceeded (`tenants.eventsPerSecond`). Nothing was published; try again. */
export class TenantBusyError extends RealtimeUnavailableError {}

/** The event is invalid. Nothing was published, and a retry would fail again. */
export class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';
  readonly code = 'invalid_event';

  /**
   * @param field the invalid part: `channel`, `userId`, `data`, `options`, `tenant`, `idempotencyKey`, `idempotencyMs`
   * or `timeoutMs`; for an event of a list with its position, such as `[2].data`
   */
  constructor(
    readonly field: string,
    readonly problem: string,
  ) {
    super(`${field} ${problem}`);
  }
}
