import { ERROR_CODES, ProtocolError, type ErrorCode, type FieldProblem } from '../../protocol/index.js';

/** The end of a call: the fields of its `result` as JSON without braces, or the error. */
export type CallOutcome =
  | { readonly json: string; readonly error?: undefined }
  | { readonly json?: undefined; readonly error: ProtocolError };

/** Encodes an outcome for the store. */
export function encodeOutcome({ json, error }: CallOutcome): string {
  if (error === undefined) return `{${json}}`;
  const { code, message, details } = error;
  return JSON.stringify({ error: { code, message, ...(details === undefined ? {} : { details }) } });
}

interface StoredError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: readonly FieldProblem[];
}

/** Decodes an outcome. @returns `null` for a value that no instance wrote */
export function decodeOutcome(stored: string): CallOutcome | null {
  let value: { readonly data?: unknown; readonly error?: StoredError } | null;
  try {
    value = JSON.parse(stored) as typeof value;
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { error } = value;
  if (error === undefined) return Object.hasOwn(value, 'data') ? { json: stored.slice(1, -1) } : null;
  if (typeof error?.message !== 'string' || !Object.hasOwn(ERROR_CODES, error.code)) return null;
  const { code, message, details } = error;
  return { error: new ProtocolError(code, { message, ...(Array.isArray(details) ? { details } : {}) }) };
}
