import { HttpException } from '@nestjs/common';
import { ProtocolError, type ErrorCode } from '../../protocol/index.js';
import { refusalOf } from '../connections/message-refusal.js';
import { RealtimeUnavailableError, TenantBusyError } from '../publishing/errors.js';

/** Error codes by status of an `HttpException`, in addition to those of application messages. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  404: 'not_found',
  408: 'timeout',
  409: 'conflict',
  410: 'not_found',
  412: 'conflict',
  413: 'too_large',
};

/**
 * Returns the refusal that a caller receives for an exception of a handler, guard, pipe, interceptor or filter. Returns `null`
 * if the exception is a bug, whose message is only for the log.
 */
export function callRefusalOf(error: unknown, command: string): ProtocolError | null {
  if (error instanceof RealtimeUnavailableError) return new ProtocolError('unavailable');
  if (error instanceof TenantBusyError) return new ProtocolError('rate_limited');
  const refusal = refusalOf(error, command);
  if (error instanceof HttpException) {
    const code = CODE_OF_STATUS[error.getStatus()];
    if (code !== undefined) return new ProtocolError(code, { message: refusal?.message ?? error.message });
  }
  if (refusal?.code !== 'forbidden' || error instanceof ProtocolError) return refusal;
  return refusal.message.startsWith('Not allowed to send') ? notAllowed(command) : refusal;
}

/** The refusal of a guard that gave no reason. */
export function notAllowed(command: string): ProtocolError {
  return new ProtocolError('forbidden', { message: `Not allowed to call ${command}` });
}
