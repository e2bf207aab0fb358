import { Controller, Get, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { createGzip, gunzipSync, type Gzip } from 'node:zlib';
import type { Observable } from 'rxjs';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { WsClient } from '../support/ws-client.js';
import { askOverHttp1, StreamSocket } from './support/stream-socket.js';

const TEXT = 'a string that is compressed';

@Controller('texts')
class TextController {
  @Get()
  text(): string {
    return TEXT;
  }
}

/** Sets a header on every answer, as interceptors for versions or tracing do. */
class VersionHeader implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response: { header(name: string, value: string): unknown } = context.switchToHttp().getResponse();
    response.header('X-Version', '7');
    return next.handle();
  }
}

/** Compresses answers like the middleware `compression`: it wraps the methods of the response, and respects `no-transform`. */
function compress(_: IncomingMessage, response: ServerResponse, next: () => void): void {
  const writeHead = response.writeHead.bind(response);
  const write = response.write.bind(response) as (chunk: Buffer) => boolean;
  const end = response.end.bind(response) as (chunk?: unknown) => ServerResponse;
  let gzip: Gzip | null = null;
  const begin = (status: number, headers: OutgoingHttpHeaders = {}): ServerResponse => {
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
    if (!String(response.getHeader('Cache-Control')).includes('no-transform')) {
      gzip = createGzip()
        .on('data', write)
        .on('end', () => end());
      response.removeHeader('Content-Length');
      response.setHeader('Content-Encoding', 'gzip');
    }
    return writeHead(status);
  };
  const wrapped = {
    writeHead: begin,
    write(chunk: Buffer): boolean {
      if (!response.headersSent) begin(response.statusCode);
      return gzip === null ? write(chunk) : gzip.write(chunk);
    },
    end(chunk?: Buffer | string): ServerResponse {
      if (!response.headersSent) begin(response.statusCode);
      if (gzip === null) return end(chunk);
      gzip.end(chunk);
      return response;
    },
  };
  Object.assign(response, wrapped);
  next();
}

describe.each(['express', 'fastify'] as const)('a stream of an application with middleware (%s)', (http) => {
  let app: RealtimeApp;
  beforeAll(async () => {
    app = await RealtimeApp.start(
      {},
      {
        http,
        controllers: [TextController],
        prepare(nest) {
          nest.use(compress);
          nest.useGlobalInterceptors(new VersionHeader());
        },
      },
    );
  });
  afterAll(() => app.close());

  it('has the headers of the application, is not compressed, and delivers event by event', async () => {
    const headers = { 'accept-encoding': 'gzip' };
    const client = new WsClient(
      await StreamSocket.open(app.http, { token: signToken({ sub: 'ann' }), channels: 'apps:created', headers }),
    );
    expect(client.socket.answer.headers).toMatchObject({
      'x-version': '7',
      'content-type': 'text/event-stream; charset=utf-8',
    });
    expect(client.socket.answer.headers['content-encoding']).toBeUndefined();
    await client.next('subscribed');
    for (const id of ['1', '2']) {
      await app.events.emit('apps:created', { id, name: 'n' });
      expect(await client.next('event')).toMatchObject({ data: { id } });
    }
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    const [connection] = app.registry.ofUser('ann');
    connection!.transport.close(4403, 'the end');
    expect(await client.closed).toMatchObject({ code: 4403, reason: 'the end' });
  });

  it('leaves other answers of the application compressed', async () => {
    const { headers, body } = await askOverHttp1(app.http, '/texts', {});
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', 'x-version': '7' });
    expect(gunzipSync(Buffer.concat(chunks)).toString()).toBe(TEXT);
  });
});
