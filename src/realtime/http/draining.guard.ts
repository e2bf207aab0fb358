import { Injectable, ServiceUnavailableException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { DRAINING_RETRY_SECONDS } from '../gateway/connection-admission.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { withTimeout } from '../timing/with-timeout.js';

/** Time limit for the body of a refused request, in milliseconds. */
const BODY_MS = 1_000;

/**
 * Refuses write requests while the instance drains, before any other guard of the module. Nothing was done, so the caller
 * can send them to another instance.
 */
@Injectable()
export class DrainingGuard implements CanActivate {
  constructor(
    private readonly server: RealtimeServer,
    private readonly host: HttpAdapterHost,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage & { readonly raw?: IncomingMessage }>();
    const retryAfter = (seconds: string): void =>
      void this.host.httpAdapter.setHeader(http.getResponse(), 'Retry-After', seconds);
    await refuseWhileDraining(this.server, request.raw ?? request, retryAfter);
    return true;
  }
}

/** @throws ServiceUnavailableException while the instance drains, after `retryAfter` got the seconds of the header */
export async function refuseWhileDraining(
  server: RealtimeServer,
  request: IncomingMessage,
  retryAfter: (seconds: string) => void,
): Promise<void> {
  if (!server.draining) return;
  await discardBody(request);
  retryAfter(String(DRAINING_RETRY_SECONDS));
  throw new ServiceUnavailableException('This instance is shutting down: send the request to another one');
}

/**
 * Discards the body before the answer, which closes the connection. A body that arrives later would reset the connection,
 * and the client could not read the answer.
 */
function discardBody(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return Promise.resolve();
  const ended = new Promise<void>((resolve) => void request.once('end', resolve).once('close', resolve).resume());
  return withTimeout(ended, BODY_MS, () => undefined);
}
