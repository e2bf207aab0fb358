import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { RealtimeUnavailableError } from '../../realtime/index.js';
import { DatabaseUnavailableError } from '../database/database.js';

/** How long a client should wait before it tries again, in seconds. */
const RETRY_AFTER = '2';

/** 503 where the fault is neither the client's nor ours: the same request may succeed later. */
@Catch(DatabaseUnavailableError, RealtimeUnavailableError)
export class UnavailableFilter implements ExceptionFilter {
  catch(error: DatabaseUnavailableError | RealtimeUnavailableError, host: ArgumentsHost): void {
    const what = error instanceof DatabaseUnavailableError ? 'The database' : 'Publishing events';
    host
      .switchToHttp()
      .getResponse<Response>()
      .status(503)
      .set('Retry-After', RETRY_AFTER)
      .json({ statusCode: 503, error: 'Service Unavailable', message: `${what} is not available now` });
  }
}
