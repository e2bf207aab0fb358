import type { ArgumentsHost } from '@nestjs/common';
import { BaseWsExceptionFilter } from '@nestjs/websockets';
import { Connection } from '../connections/connection.js';
import { refusalOf } from '../connections/message-refusal.js';
import { RunningMessage, runningMessageOf } from '../connections/running-message.js';
import { sendError } from './send-error.js';

/** Methods of Nest's filter that filters of the application can override and call with `super`. */
interface Filter {
  catch: (this: Filter, exception: unknown, host: ArgumentsHost) => void;
  handleError: (this: Filter, client: object, exception: unknown, cause: unknown) => void;
}

let installed = false;

/**
 * Answers exceptions on the module's connections with `error` frames. Nest's base filter sends only a string: it turns an
 * `HttpException` of a guard or pipe into "Internal server error" and does not know which message failed. So the base
 * filter is extended for clients that are a {@link Connection}; other clients are unaffected. Filters of the application
 * run first, or call `super.catch`.
 */
export function extendExceptionFilter(): void {
  if (installed) return;
  installed = true;
  const base = BaseWsExceptionFilter.prototype as unknown as Filter;
  const { catch: catchException, handleError } = base;

  base.catch = function (this: Filter, exception, host) {
    const message: unknown = host.getArgByIndex(2);
    const isOurs = message instanceof RunningMessage;
    // An Observable can fail while another request runs. The arguments identify the message.
    if (isOurs) message.run(() => catchException.call(this, exception, host));
    else catchException.call(this, exception, host);
  };
  base.handleError = function (this: Filter, client, exception, cause) {
    if (client instanceof Connection) answerException(client, exception);
    else handleError.call(this, client, exception, cause);
  };
}

function answerException(connection: Connection, exception: unknown): void {
  const message = runningMessageOf(connection);
  if (message?.abandoned === true) return;
  sendError(connection, refusalOf(exception, message?.type) ?? exception, { ref: message?.ref });
}
