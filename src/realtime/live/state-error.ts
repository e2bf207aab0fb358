import type { StateErrorCode } from '../../protocol/index.js';

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
