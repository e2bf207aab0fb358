import type { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';

/** Returns the HTTP server of the application. Returns `null` in a microservice, whose `HttpAdapterHost` has no adapter. */
export function applicationServer(host: HttpAdapterHost): Server | null {
  const { httpAdapter } = host as { httpAdapter: HttpAdapterHost['httpAdapter'] | null | undefined };
  return (httpAdapter?.getHttpServer() as Server | undefined) ?? null;
}
