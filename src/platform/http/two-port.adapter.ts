import { ExpressAdapter } from '@nestjs/platform-express';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { safely } from '../../realtime/index.js';

/** Time for pending requests to finish after the servers stop accepting new ones, in milliseconds. */
const LAST_ANSWERS_MS = 5_000;

/** Time for a client to send a whole request with its body, in milliseconds. */
const REQUEST_MS = 15_000;

/** Express on two ports: Nest's HTTP server and an HTTPS server for the same application. `close` closes both. */
export class TwoPortAdapter extends ExpressAdapter {
  private tlsServer: Server | null = null;
  private readonly limits: Pick<ServerOptions, 'requestTimeout' | 'headersTimeout' | 'connectionsCheckingInterval'>;

  /** @param requestMs time for a client to send a whole request, in milliseconds; it gets 408 afterwards */
  constructor(requestMs = REQUEST_MS) {
    super();
    this.limits = {
      ...{ requestTimeout: requestMs, headersTimeout: requestMs },
      connectionsCheckingInterval: Math.min(1_000, requestMs),
    };
  }

  override initHttpServer(): void {
    this.httpServer = createHttpServer(this.limits, this.getInstance());
  }

  /** Creates the HTTPS server without listening. */
  createTlsServer(options: ServerOptions): Server {
    this.tlsServer = createServer({ ...this.limits, ...options }, this.getInstance());
    return this.tlsServer;
  }

  /** Stops accepting requests and resolves when all pending ones have ended. Cuts off requests that take too long. */
  override async close(): Promise<void> {
    const cutOff = setTimeout(
      safely('The end of the last requests', () => {
        this.getHttpServer().closeAllConnections();
        this.tlsServer?.closeAllConnections();
      }),
      LAST_ANSWERS_MS,
    );
    const { tlsServer } = this;
    await Promise.all([
      super.close(),
      tlsServer === null ? null : new Promise<void>((resolve) => tlsServer.close(() => resolve())),
    ]);
    clearTimeout(cutOff);
  }
}
