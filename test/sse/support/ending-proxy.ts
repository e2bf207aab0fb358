import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** When the proxy ends a response: after a time in milliseconds, or within the write that reaches a number of bytes. */
export interface Ending {
  readonly ms?: number;
  readonly bytes?: number;
}

/** A proxy that ends each response early, like those with a time limit for requests. */
export class EndingProxy {
  /** Ending of the next responses; `{}` for none. */
  ending: Ending = {};
  /** Number of responses that were ended early. */
  ended = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: string,
  ) {
    server.on('request', (received: IncomingMessage, response: ServerResponse) => this.pass(received, response));
  }

  /** @param target origin of the instance */
  static async start(target: string): Promise<EndingProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new EndingProxy(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private pass(received: IncomingMessage, response: ServerResponse): void {
    const { ms, bytes = Infinity } = this.ending;
    const { method, url, headers } = received;
    const sent = request(`${this.target}${url}`, { method, headers, agent: false });
    let left = bytes;
    const end = (): void => {
      if (response.writableEnded) return;
      this.ended += 1;
      response.end();
      sent.destroy();
    };
    sent.on('error', () => response.end());
    sent.once('response', (answer) => {
      response.writeHead(answer.statusCode!, answer.headers).flushHeaders();
      answer.on('error', () => response.end());
      answer.once('end', () => response.end());
      answer.on('data', (chunk: Buffer) => {
        if (!response.writableEnded) response.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) end();
      });
    });
    const timer = ms === undefined ? undefined : setTimeout(end, ms);
    response.once('close', () => {
      clearTimeout(timer);
      sent.destroy();
    });
    received.pipe(sent);
  }
}
