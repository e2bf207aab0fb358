import type { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';

/** The HTTP server of the application; `null` in a microservice, whose `HttpAdapterHost` has no adapter. */
export function applicationServer(host: HttpAdapterHost): Server | null {
  const { httpAdapter } = host as { httpAdapter: HttpAdapterHost['httpAdapter'] | null | undefined };
  return (httpAdapter?.getHttpServer() as Server | undefined) ?? null;
}
