import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { RealtimeUnavailableError } from '../../realtime/index.js';
import { BusyError } from '../auth/hashing-queue.js';
import { DatabaseUnavailableError } from '../database/database.js';

/** `Retry-After` in seconds. */
const RETRY_AFTER = '2';

/** Responds with 503 to temporary failures: the same request can succeed later. */
@Catch(DatabaseUnavailableError, RealtimeUnavailableError, BusyError)
export class UnavailableFilter implements ExceptionFilter {
  catch(error: DatabaseUnavailableError | RealtimeUnavailableError | BusyError, host: ArgumentsHost): void {
    const message = error instanceof BusyError ? error.message : `${nameOf(error)} is not available now`;
    host
      .switchToHttp()
      .getResponse<Response>()
      .status(503)
      .set('Retry-After', RETRY_AFTER)
      .json({ statusCode: 503, error: 'Service Unavailable', message });
  }
}

function nameOf(error: DatabaseUnavailableError | RealtimeUnavailableError): string {
  return error instanceof DatabaseUnavailableError ? 'The database' : 'Publishing events';
}
