import { HttpException } from '@nestjs/common';
import { ERROR_CODES, ProtocolError, type ErrorCode, type FieldProblem } from '../../protocol/index.js';
import { refusalOf } from '../connections/message-refusal.js';
import { RealtimeUnavailableError, TenantBusyError } from '../publishing/errors.js';
import { StreamOpenError } from '../streams/errors.js';

/** Error codes by status of an `HttpException`, in addition to those of application messages. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  404: 'not_found',
  408: 'timeout',
  409: 'conflict',
  410: 'not_found',
  412: 'conflict',
  413: 'too_large',
};

/** Maximum length of a message for the caller, and number of problems. */
const MAX_MESSAGE = 1_000;
const MAX_DETAILS = 20;

/**
 * Returns the refusal that a caller receives for an exception of a handler, guard, pipe, interceptor or filter. Returns `null`
 * if the exception is a bug, whose message is only for the log. Never throws.
 */
export function callRefusalOf(error: unknown, command: string): ProtocolError | null {
  try {
    // A library can throw a string or an object with any text of the server.
    const refusal = error instanceof Error ? ofError(error, command) : null;
    return refusal === null || !Object.hasOwn(ERROR_CODES, refusal.code) ? null : bounded(refusal);
  } catch {
    return null;
  }
}

/** The application can put anything into a refusal, and it is kept for repetitions. */
function bounded({ code, message, details }: ProtocolError): ProtocolError {
  const problems = details?.slice(0, MAX_DETAILS).map((problem): FieldProblem => {
    return { field: shortened(problem.field), message: shortened(problem.message) };
  });
  return new ProtocolError(code, {
    message: shortened(message),
    ...(problems !== undefined && { details: problems }),
  });
}

function shortened(text: unknown): string {
  return String(text).slice(0, MAX_MESSAGE);
}

function ofError(error: Error, command: string): ProtocolError | null {
  if (error instanceof TenantBusyError) return new ProtocolError('rate_limited'); // is also a RealtimeUnavailableError
  if (error instanceof RealtimeUnavailableError) return new ProtocolError('unavailable');
  if (error instanceof StreamOpenError) return ofOpening(error);
  const refusal = refusalOf(error, command);
  if (error instanceof HttpException) {
    const code = CODE_OF_STATUS[error.getStatus()];
    if (code !== undefined) return new ProtocolError(code, { message: refusal?.message ?? error.message });
  }
  if (refusal?.code !== 'forbidden' || error instanceof ProtocolError) return refusal;
  return refusal.message.startsWith('Not allowed to send') ? notAllowed(command) : refusal;
}

/** Returns the refusal for a stream that cannot be opened. A channel that is not a stream is a bug of the application. */
function ofOpening({ code, message }: StreamOpenError): ProtocolError | null {
  if (code === 'too_many') return new ProtocolError('unavailable');
  return code === 'conflict' ? new ProtocolError('conflict', { message }) : null;
}

/** The refusal of a guard that gave no reason. */
export function notAllowed(command: string): ProtocolError {
  return new ProtocolError('forbidden', { message: `Not allowed to call ${command}` });
}
