import { HttpStatus, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { safely } from '../observability/run-safely.js';

/** Answer with status 202: something has not happened yet, such as a command on some instances. */
export class Accepted {
  constructor(readonly body?: object) {}
}

/** An answer that writes to the response itself. */
export class RawAnswer {
  /** @param respond called after the application's interceptors, unless one of them has answered */
  constructor(readonly respond: () => void) {}
}

/**
 * Sends the answer of a route. As the innermost interceptor it runs inside the application's interceptors, so that an
 * envelope or a cache cannot change the shape that docs and OpenAPI promise.
 */
@Injectable()
export class DirectReply implements NestInterceptor {
  constructor(private readonly host: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<undefined> {
    const response = context.switchToHttp().getResponse<object>();
    return next.handle().pipe(
      map((answer) => {
        // Fastify sends an empty answer if the handler ends without one. Express can wait until the application's
        // interceptors have set their headers or failed.
        if (this.host.httpAdapter.getType() === 'fastify') this.send(response, answer);
        else
          setImmediate(
            safely(
              'An answer',
              () => this.send(response, answer),
              () => this.host.httpAdapter.end(response),
            ),
          );
        return undefined;
      }),
    );
  }

  private send(response: object, answer: unknown): void {
    const { httpAdapter } = this.host;
    if (httpAdapter.isHeadersSent(response)) return;
    if (answer instanceof RawAnswer) answer.respond();
    else if (answer instanceof Accepted) httpAdapter.reply(response, answer.body, HttpStatus.ACCEPTED);
    else httpAdapter.reply(response, answer);
  }
}
