import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

/**
 * Answers HTTP errors of the module's routes in Nest's standard shape, regardless of the application's global filters. An
 * invalid body adds `details`. Errors that are not an HttpException go to the application's filters.
 */
@Catch(HttpException)
export class RouteErrors implements ExceptionFilter<HttpException> {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: HttpException, host: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const response = host.switchToHttp().getResponse<object>();
    if (httpAdapter.isHeadersSent(response)) return;
    httpAdapter.reply(response, bodyOfError(error), error.getStatus());
  }
}

/** Returns the answer for an error in Nest's standard shape. */
export function bodyOfError(error: HttpException): object {
  const body = error.getResponse();
  return typeof body === 'string' ? { statusCode: error.getStatus(), message: body } : body;
}
