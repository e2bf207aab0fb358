import { ERROR_CODES, type ErrorCode } from './codes.js';
import type { FieldProblem } from './frames.js';

/** Error that is sent to the client as an `error` frame. Any other error reaches the client as `internal`. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly channel?: string;
  readonly details?: readonly FieldProblem[];

  /** @param about.message shown to the client. @default the message of the catalogue */
  constructor(
    readonly code: ErrorCode,
    about: { message?: string; channel?: string; details?: readonly FieldProblem[] } = {},
  ) {
    super(about.message ?? ERROR_CODES[code].message);
    if (about.channel !== undefined) this.channel = about.channel;
    if (about.details !== undefined) this.details = about.details;
  }
}
