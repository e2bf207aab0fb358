import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import type { Observable } from 'rxjs';
import { AuthService } from '../auth/auth.service.js';
import { Connection } from '../connections/connection.js';
import { exclusionOfSender, forSender } from '../publishing/current-sender.js';
import { bearerOf } from './bearer.js';

/** Header in which a client sends its `connectionId`. */
const HEADER = 'x-connection-id';

interface WithHeaders {
  readonly headers?: IncomingHttpHeaders;
}

/**
 * Runs HTTP handlers, GraphQL resolvers and handlers of messages for the client that sent the request (`X-Connection-Id`): its
 * connection does not receive the events that they emit, unless an emit names another one (`except`). The id excludes only a connection of the
 * user of the token in `Authorization: Bearer …`; the instance that has the connection compares them. Without a token, or
 * without the header, all connections receive the events. An invalid token is answered with 401.
 */
@Injectable()
export class SenderInterceptor implements NestInterceptor {
  constructor(private readonly auth: AuthService) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() === 'ws') {
      const client: unknown = context.switchToWs().getClient();
      return client instanceof Connection ? forSender(client.senderId, () => next.handle()) : next.handle();
    }
    const headers = headersOf(context);
    const connectionId = headers?.[HEADER];
    if (headers === undefined || connectionId === undefined) return next.handle();
    const principal = await bearerOf(this.auth, headers);
    // `next.handle()` must be called inside the context: Nest binds the handler to the current async context.
    return forSender(exclusionOfSender(connectionId, principal?.userKey ?? null), () => next.handle());
  }
}

/** Returns the headers of a request. The context of a GraphQL resolver has the request as `req`, or with Mercurius as `reply`. */
function headersOf(context: ExecutionContext): IncomingHttpHeaders | undefined {
  if (context.getType() === 'http') return context.switchToHttp().getRequest<WithHeaders>().headers;
  if (context.getType<string>() !== 'graphql') return undefined;
  const [, , graphql] = context.getArgs<[unknown, unknown, GraphqlContext | undefined]>();
  return (graphql?.req ?? graphql?.request ?? graphql?.reply?.request)?.headers;
}

interface GraphqlContext {
  readonly req?: WithHeaders;
  readonly request?: WithHeaders;
  readonly reply?: { readonly request?: WithHeaders };
}
