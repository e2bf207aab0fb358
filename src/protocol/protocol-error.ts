import { ERROR_CODES, type ErrorCode } from './codes.js';
import type { FieldProblem } from './frames.js';

/** A refusal that a client is told as an `error` frame. Whatever else is thrown becomes `internal`. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly channel?: string;
  readonly details?: readonly FieldProblem[];

  /** @param about.message the client reads it. @default the catalogue's text */
  constructor(
    readonly code: ErrorCode,
    about: { message?: string; channel?: string; details?: readonly FieldProblem[] } = {},
  ) {
    super(about.message ?? ERROR_CODES[code].message);
    if (about.channel !== undefined) this.channel = about.channel;
    if (about.details !== undefined) this.details = about.details;
  }
}
