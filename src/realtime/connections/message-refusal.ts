import { HttpException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { ERROR_CODES, ProtocolError, type ErrorCode, type FieldProblem } from '../../protocol/index.js';

/** Messages with which Nest and its guides report a refusal by a guard, without a code. */
const REFUSED_BY_GUARD = ['Forbidden resource', 'Forbidden', 'Unauthorized'];
/** The message with which Nest hides an exception that clients must not see. */
const HIDDEN = 'Internal server error';
const MAX_DETAILS = 20;

/** Error codes by status of an `HttpException`. Other statuses below 500 are `invalid_message`, from 500 on `internal`. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'forbidden',
  403: 'forbidden',
  408: 'unavailable',
  429: 'rate_limited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/**
 * Returns the refusal that a client receives for an exception of a handler, guard, pipe, interceptor or filter. Returns `null` if
 * the exception is a bug, whose message is only for the log.
 * @param error an exception, or the payload that a filter sends as `exception`
 * @param type the type of the application message
 */
export function refusalOf(error: unknown, type = ''): ProtocolError | null {
  if (error instanceof ProtocolError) return error;
  if (error instanceof HttpException) return ofHttp(error, type);
  if (error instanceof WsException) return ofPayload(error.getError(), type);
  return error instanceof Error ? null : ofPayload(error, type);
}

function ofHttp(exception: HttpException, type: string): ProtocolError | null {
  const status = exception.getStatus();
  const code = CODE_OF_STATUS[status] ?? (status < 500 ? 'invalid_message' : 'internal');
  if (code === 'internal') return null;
  const response = exception.getResponse();
  const said =
    typeof response === 'string' ? response : (response as { message?: unknown } | null | undefined)?.message;
  return refusal(code, said ?? exception.message, type);
}

function ofPayload(payload: unknown, type: string): ProtocolError | null {
  if (Array.isArray(payload)) return refusal('invalid_message', payload, type);
  if (typeof payload === 'string') return refusal(codeOf(undefined, payload), payload, type);
  if (typeof payload !== 'object' || payload === null) return null;
  const { message, code } = payload as { message?: unknown; code?: unknown };
  if (message === HIDDEN) return null;
  if (message === undefined && code === undefined) return null;
  return refusal(codeOf(code, message), message, type);
}

function codeOf(code: unknown, message: unknown): ErrorCode {
  if (typeof code === 'string' && Object.hasOwn(ERROR_CODES, code)) return code as ErrorCode;
  return REFUSED_BY_GUARD.includes(message as string) ? 'forbidden' : 'invalid_message';
}

/** @param said the message for the client, or a list of problems from a validation pipe */
function refusal(code: ErrorCode, said: unknown, type: string): ProtocolError {
  if (Array.isArray(said))
    return new ProtocolError(code, { message: 'The data is not valid', details: problems(said) });
  const isFitting = typeof said === 'string' && said !== '' && !REFUSED_BY_GUARD.includes(said);
  if (isFitting) return new ProtocolError(code, { message: said });
  return new ProtocolError(code, code === 'forbidden' ? { message: `Not allowed to send ${quote(type)}` } : {});
}

function quote(type: string): string {
  return type === '' ? 'this message' : `"${type.slice(0, 100)}"`;
}

/** Converts sentences, or errors of class-validator. */
function problems(list: readonly unknown[]): FieldProblem[] {
  return list.flatMap((entry) => problemsOf(entry, '')).slice(0, MAX_DETAILS);
}

function problemsOf(entry: unknown, prefix: string): FieldProblem[] {
  if (typeof entry === 'string') return [{ field: 'data', message: entry }];
  if (typeof entry !== 'object' || entry === null) return [];
  const { property, constraints, children } = entry as {
    property?: unknown;
    constraints?: Record<string, unknown>;
    children?: unknown;
  };
  if (typeof property !== 'string') return [];
  const own = Object.values(constraints ?? {}).map((message) => ({
    field: prefix + property,
    message: String(message),
  }));
  const nested = Array.isArray(children) ? children : [];
  return [...own, ...nested.flatMap((child) => problemsOf(child, `${prefix}${property}.`))];
}
