/** Decodes a client's text frame into a validated request, or into an error that names the wrong field. */
import { ERROR_CODES, type ErrorCode } from './codes.js';
import type { FieldProblem } from './frames.js';
import { MAX_DETAILS, readRef, type Fields } from './request-fields.js';
import { READERS, REQUEST_TYPES, type ClientRequest, type Referable, type RequestType } from './requests.js';

/** Maximum number of channels in one frame, unless the server sets another limit. */
export const MAX_TARGETS = 200;

/**
 * Number of problems that an answer to a short frame lists. Every `CHARACTERS_PER_DETAIL` characters of the frame allow
 * one more, so that the answer is not many times as large as the frame.
 */
const MIN_DETAILS = 5;
const CHARACTERS_PER_DETAIL = 64;

/** Fields of the `error` frame that answers an invalid frame. */
export interface BadFrame extends Referable {
  readonly code: Extract<ErrorCode, 'invalid_json' | 'invalid_message' | 'unknown_type'>;
  readonly message: string;
  readonly details?: readonly FieldProblem[];
}

/**
 * Result of decoding: a request or an error. `custom` is set with `bad` if the frame is well-formed and its type is
 * unknown: the application may have a handler for it.
 */
export type Decoded =
  | { readonly request: ClientRequest; readonly bad?: undefined; readonly custom?: undefined }
  | { readonly request?: undefined; readonly bad: BadFrame; readonly custom?: CustomFrame };

/** A well-formed frame whose type is not part of the protocol. */
export interface CustomFrame extends Referable {
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Decodes one text frame. Never throws.
 * @param maxTargets maximum number of channels in a frame; a frame with more is rejected as a whole
 */
export function decodeClientFrame(text: string, maxTargets = MAX_TARGETS): Decoded {
  const decoded = decode(text, maxTargets);
  if (decoded.bad?.details === undefined) return decoded;
  const { details } = decoded.bad;
  const named = Math.min(MAX_DETAILS, MIN_DETAILS + Math.floor(text.length / CHARACTERS_PER_DETAIL));
  return named >= details.length ? decoded : { bad: { ...decoded.bad, details: details.slice(0, named) } };
}

function decode(text: string, maxTargets: number): Decoded {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { bad: { code: 'invalid_json', message: ERROR_CODES.invalid_json.message } };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return invalid([{ field: '', message: 'must be a JSON object' }]);
  }
  const fields = parsed as Fields;
  const problems: FieldProblem[] = [];
  const ref = readRef(fields['ref'], problems);
  const type = fields['type'];
  if (typeof type !== 'string' || type === '') {
    return invalid([{ field: 'type', message: 'must be a non-empty string' }, ...problems], ref);
  }
  if (!Object.hasOwn(READERS, type)) {
    if (problems.length > 0) return invalid(problems, ref);
    const message = `${ERROR_CODES.unknown_type.message}: use one of ${REQUEST_TYPES.join(', ')}`;
    return { bad: withRef({ code: 'unknown_type', message }, ref), custom: withRef({ type, fields }, ref) };
  }
  const request = READERS[type as RequestType](fields, problems, maxTargets);
  return problems.length > 0 ? invalid(problems, ref) : { request: withRef(request, ref) };
}

/** Error for a binary frame. */
export const BINARY_FRAME: BadFrame = invalid([{ field: '', message: 'must be a text frame, not a binary one' }]).bad;

function invalid(problems: readonly FieldProblem[], ref?: string): { bad: BadFrame } {
  return {
    bad: withRef(
      {
        code: 'invalid_message',
        message: ERROR_CODES.invalid_message.message,
        details: problems,
      },
      ref,
    ),
  };
}

function withRef<T extends object>(value: T, ref: string | undefined): T & Referable {
  return ref === undefined ? value : { ...value, ref };
}
