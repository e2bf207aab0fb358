import { HttpException } from '@nestjs/common';
import type { ErrorCode, ProtocolError } from '../../protocol/index.js';

/** HTTP statuses by code. Other codes are 400. */
const STATUS_OF_CODE: { readonly [Code in ErrorCode]?: number } = {
  forbidden: 403,
  unknown_command: 404,
  not_found: 404,
  conflict: 409,
  in_progress: 409,
  cancelled: 409,
  too_large: 413,
  rate_limited: 429,
  internal: 500,
  interrupted: 500,
  unavailable: 503,
  timeout: 504,
};

/** Returns the answer to a call that has no result, with the fields of the `error` frame. */
export function commandRefusal({ code, message, details }: ProtocolError, callId: string): HttpException {
  const statusCode = STATUS_OF_CODE[code] ?? 400;
  return new HttpException({ statusCode, code, message, ...(details && { details }), callId }, statusCode);
}
