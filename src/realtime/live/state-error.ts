import type { StateErrorCode } from '../../protocol/index.js';

/** Delay before the next attempt if the backend does not answer, in milliseconds. */
export const RETRY_MS = 500;

const MESSAGES: Readonly<Record<StateErrorCode, string>> = {
  unavailable: 'The state cannot be loaded now: it follows later',
  too_large: 'The state is larger than its limit',
};

/** A state cannot be loaded now. The message is for clients. */
export class StateError extends Error {
  override readonly name = 'StateError';

  /** @param retryMs time until the next load, in milliseconds */
  constructor(
    readonly code: StateErrorCode,
    readonly retryMs: number,
  ) {
    super(MESSAGES[code]);
  }
}

/** Returns the code of a failed load that another instance stored. */
export function stateErrorCode(code: string): StateErrorCode {
  return code === 'too_large' ? code : 'unavailable';
}

/** Returns an error for clients. */
export function asStateError(error: unknown): StateError {
  return error instanceof StateError ? error : new StateError('unavailable', RETRY_MS);
}
