import { ExpressAdapter } from '@nestjs/platform-express';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { safely } from '../../realtime/index.js';

/** How long requests that are being answered may take once the servers close, in milliseconds. */
const LAST_ANSWERS_MS = 5_000;

/** How long a client may take to send a whole request, its body included, in milliseconds. */
const REQUEST_MS = 15_000;

/** Express on two ports: Nest's own HTTP server, and an HTTPS server for the same application. They close together. */
export class TwoPortAdapter extends ExpressAdapter {
  private tlsServer: Server | null = null;
  private readonly limits: Pick<ServerOptions, 'requestTimeout' | 'headersTimeout' | 'connectionsCheckingInterval'>;

  /** @param requestMs a request that is not whole within this time is answered 408 */
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

  /** Makes the HTTPS server; it does not listen yet. */
  createTlsServer(options: ServerOptions): Server {
    this.tlsServer = createServer({ ...this.limits, ...options }, this.getInstance());
    return this.tlsServer;
  }

  /** Takes no further requests, and resolves when the last is answered; one that takes too long is cut off. */
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
