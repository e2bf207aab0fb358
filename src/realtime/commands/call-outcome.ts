import { ERROR_CODES, ProtocolError, type ErrorCode, type FieldProblem } from '../../protocol/index.js';

/** The end of a call: the fields of its `result` as JSON without braces, or the error. */
export type CallOutcome =
  | { readonly json: string; readonly error?: undefined }
  | { readonly json?: undefined; readonly error: ProtocolError };

/** The refusal of a call whose id belongs to a call of another command. */
export const OTHER_COMMAND = new ProtocolError('conflict', { message: 'Another call has this id' });

/** Encodes an outcome for the store, with the name of its command. */
export function encodeOutcome({ json, error }: CallOutcome, command: string): string {
  if (error === undefined) return `{${commandField(command)}${json}}`;
  const { code, message, details } = error;
  return JSON.stringify({ command, error: { code, message, ...(details === undefined ? {} : { details }) } });
}

function commandField(command: string): string {
  return `"command":${JSON.stringify(command)},`;
}

interface StoredError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: readonly FieldProblem[];
}

/** Decodes an outcome. @returns `conflict` if it is of another command; `null` for a value that no instance wrote */
export function decodeOutcome(stored: string, command: string): CallOutcome | null {
  let value: { readonly command?: unknown; readonly data?: unknown; readonly error?: StoredError } | null;
  try {
    value = JSON.parse(stored) as typeof value;
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  if (typeof value.command !== 'string') return null;
  if (value.command !== command) return { error: OTHER_COMMAND };
  const { error } = value;
  if (error === undefined) {
    return Object.hasOwn(value, 'data') ? { json: stored.slice(1 + commandField(command).length, -1) } : null;
  }
  if (typeof error?.message !== 'string' || !Object.hasOwn(ERROR_CODES, error.code)) return null;
  const { code, message, details } = error;
  return { error: new ProtocolError(code, { message, ...(Array.isArray(details) ? { details } : {}) }) };
}
