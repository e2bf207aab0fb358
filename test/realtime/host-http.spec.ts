import { All, Controller, Get, HttpCode, Redirect, Req, Res, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Module, type INestApplication } from '@nestjs/common';
import { once } from 'node:events';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RealtimeModule, RealtimeServer } from '../../src/realtime/index.js';
import { makeCertificate } from '../support/certificate.js';
import { TEST_SECRET } from '../support/jwt.js';
import { TcpClient } from '../support/tcp.js';

interface EchoRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: unknown;
  readonly body?: unknown;
}

@Controller()
class HostController {
  @All('echo')
  @HttpCode(200)
  echo(@Req() { method, url, headers, body }: EchoRequest): unknown {
    return { method, url, headers, body: body ?? null };
  }

  @Get('empty')
  @HttpCode(204)
  empty(): void {}

  @Get('away')
  @Redirect('/echo', 302)
  away(): void {}

  @Get('broken')
  broken(): never {
    throw new Error('of the test');
  }

  @Get('pieces')
  pieces(@Res() response: { raw?: NodeJS.WritableStream } & NodeJS.WritableStream): void {
    const stream = response.raw ?? response;
    stream.write('one ');
    stream.end('two');
  }
}

const JAVA = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n';
const WEBSOCKET =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const JSON_BODY = 'Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}';
const CHUNKED =
  'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n';
const HOST = 'Host: example.com\r\n';

/** Requests of a client; each is followed by a plain request on the same connection. */
const REQUESTS: Readonly<Record<string, string>> = {
  'a GET': `GET /echo HTTP/1.1\r\n${HOST}\r\n`,
  'a HEAD': `HEAD /echo HTTP/1.1\r\n${HOST}\r\n`,
  'an OPTIONS': `OPTIONS /echo HTTP/1.1\r\n${HOST}\r\n`,
  'an OPTIONS of the server': `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`,
  'a DELETE with a query': `DELETE /echo?a=1&b=%20 HTTP/1.1\r\n${HOST}\r\n`,
  'a POST with a length': `POST /echo HTTP/1.1\r\n${HOST}${JSON_BODY}`,
  'a POST in chunks': `POST /echo HTTP/1.1\r\n${HOST}${CHUNKED}`,
  'a POST of bad JSON': `POST /echo HTTP/1.1\r\n${HOST}${JSON_BODY.replace('}', ']')}`,
  'a PUT that expects 100-continue': `PUT /echo HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n${JSON_BODY}`,
  'a request with another expectation': `GET /echo HTTP/1.1\r\n${HOST}Expect: a miracle\r\n\r\n`,
  'an unknown path': `GET /nowhere HTTP/1.1\r\n${HOST}\r\n`,
  'no content': `GET /empty HTTP/1.1\r\n${HOST}\r\n`,
  'a redirect': `GET /away HTTP/1.1\r\n${HOST}\r\n`,
  'an error of a handler': `GET /broken HTTP/1.1\r\n${HOST}\r\n`,
  'an answer in pieces': `GET /pieces HTTP/1.1\r\n${HOST}\r\n`,
  'the path of the module, without an upgrade': `GET /ws HTTP/1.1\r\n${HOST}\r\n`,
  'a POST to the path of the module': `POST /ws HTTP/1.1\r\n${HOST}${JSON_BODY}`,
  'the path of the module, with an Upgrade that Connection does not name': `GET /ws HTTP/1.1\r\n${HOST}Upgrade: websocket\r\n\r\n`,
  'HTTP/1.0': 'GET /echo HTTP/1.0\r\n\r\n',
  'HTTP/1.0 with keep-alive': `GET /echo HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`,
  'a request without a host': 'GET /echo HTTP/1.1\r\n\r\n',
  'an absolute target': `GET http://example.com/echo HTTP/1.1\r\n${HOST}\r\n`,
  'Connection: close': `GET /echo HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
  'headers twice': `GET /echo HTTP/1.1\r\n${HOST}Accept: a\r\nAccept: b\r\nCookie: c=1\r\nCookie: d=2\r\n\r\n`,
  'an invalid header': `GET /echo HTTP/1.1\r\n${HOST}Bad Name: x\r\n\r\n`,
  'a header that is too long': `GET /echo HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}\r\n\r\n`,
  'a method that does not exist': `BREW /echo HTTP/1.1\r\n${HOST}\r\n`,
  'a CONNECT': `CONNECT example.com:443 HTTP/1.1\r\n${HOST}\r\n`,
  'a GET with h2c, as of Java': `GET /echo HTTP/1.1\r\n${HOST}${JAVA}\r\n`,
  'a HEAD with h2c': `HEAD /echo HTTP/1.1\r\n${HOST}${JAVA}\r\n`,
  'an OPTIONS with h2c': `OPTIONS /echo HTTP/1.1\r\n${HOST}${JAVA}\r\n`,
  'a POST with h2c and a length': `POST /echo HTTP/1.1\r\n${HOST}${JAVA}${JSON_BODY}`,
  'a POST with h2c in chunks': `POST /echo HTTP/1.1\r\n${HOST}${JAVA}${CHUNKED}`,
  'a PUT with h2c that expects 100-continue': `PUT /echo HTTP/1.1\r\n${HOST}${JAVA}Expect: 100-continue\r\n${JSON_BODY}`,
  'h2c on an unknown path': `GET /nowhere HTTP/1.1\r\n${HOST}${JAVA}\r\n`,
  'h2c with an absolute target': `GET http://example.com/echo HTTP/1.1\r\n${HOST}${JAVA}\r\n`,
  'h2c over HTTP/1.0': `GET /echo HTTP/1.0\r\n${HOST}${JAVA}\r\n`,
  'h2c and Connection: close': `GET /echo HTTP/1.1\r\n${HOST}Connection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n`,
  'an upgrade to TLS': `OPTIONS * HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n`,
  'an upgrade to several protocols': `GET /echo HTTP/1.1\r\n${HOST}Connection: upgrade\r\nUpgrade: foo/2, bar\r\n\r\n`,
  'an upgrade to WebSocket of another path': `GET /echo HTTP/1.1\r\n${HOST}${WEBSOCKET}\r\n`,
  'an empty upgrade': `GET /echo HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: \r\n\r\n`,
};

const LAST = `GET /echo?last HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;

interface Host {
  readonly app: INestApplication;
  readonly port: number;
  readonly tlsPort: number;
}

async function start(http: 'express' | 'fastify', withModule: boolean): Promise<Host> {
  // A busy machine refuses no upgrade.
  const options = { jwt: { secret: TEST_SECRET }, maxEventLoopDelayMs: 60_000 };
  const imports = withModule ? [RealtimeModule.forRoot(options)] : [];
  @Module({ imports, controllers: [HostController] })
  class AppModule {}
  const app = await create(AppModule, http);
  await app.listen(0, '127.0.0.1');
  const { key, cert } = await certificate;
  const instance = app.getHttpAdapter().getInstance() as RequestListener & { routing?: RequestListener };
  const tls = createTlsServer({ key, cert }, instance.routing ?? instance);
  if (withModule) app.get(RealtimeServer).attach(tls);
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  servers.push(tls);
  const portOf = (server: Server): number => (server.address() as AddressInfo).port;
  return { app, port: portOf(app.getHttpServer() as Server), tlsPort: portOf(tls) };
}

function create(root: Type, http: 'express' | 'fastify'): Promise<INestApplication> {
  const settings = { abortOnError: false, logger: false } as const;
  return http === 'express'
    ? NestFactory.create(root, settings)
    : NestFactory.create(root, new FastifyAdapter(), settings);
}

/** Returns the response until the server closes, without the parts that change with time. */
async function exchange(port: number, request: string, tls: boolean): Promise<string> {
  const client = await TcpClient.connect(port, { tls });
  // Node drops data that arrives together with an upgrade that it ignores, with and without the module.
  const isUpgrade = request.includes('Upgrade:');
  client.send(isUpgrade ? request : request + LAST);
  if (isUpgrade)
    await client.until('HTTP/1.1').then(
      () => client.send(LAST),
      () => undefined,
    );
  const answer = await client.untilClosed();
  return answer.replaceAll(/^(date|etag): .*\r\n/gim, '');
}

const certificate = makeCertificate();
const servers: HttpsServer[] = [];

describe.each(['express', 'fastify'] as const)('the HTTP of an application on %s', (http) => {
  let plain: Host;
  let realtime: Host;
  beforeAll(async () => {
    [plain, realtime] = await Promise.all([start(http, false), start(http, true)]);
  });
  afterAll(async () => {
    for (const server of servers.splice(0)) server.close();
    await Promise.all([plain.app.close(), realtime.app.close()]);
  });

  it.each(Object.entries(REQUESTS))('is the same with the module: %s', async (_name, request) => {
    const expected = await exchange(plain.port, request, false);
    expect(await exchange(realtime.port, request, false)).toBe(expected);
    expect(expected === '').toBe(request.startsWith('CONNECT')); // Node closes these without a response
  });

  it.each(Object.entries(REQUESTS).filter(([, request]) => request.includes('Upgrade:')))(
    'is the same with the module over TLS: %s',
    async (_name, request) => {
      const expected = await exchange(plain.tlsPort, request, true);
      expect(await exchange(realtime.tlsPort, request, true)).toBe(expected);
    },
  );

  it('responds to an upgrade that it ignores, and keeps the connection', async () => {
    const client = await TcpClient.connect(realtime.port);
    client.send(REQUESTS['a POST with h2c in chunks']!);
    await client.until('"body":{"a":1}');
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    client.send(REQUESTS['a GET with h2c, as of Java']!);
    await client.until('"method":"GET"');
    client.destroy();
  });

  it.each([
    ['426 Upgrade Required', `GET /ws HTTP/1.1\r\n${HOST}${JAVA}\r\n`, 'Send "Upgrade: websocket" instead of "h2c"'],
    ['426 Upgrade Required', `POST /ws HTTP/1.1\r\n${HOST}${JAVA}${JSON_BODY}`, 'instead of "h2c"'],
    ['400 Bad Request', `POST /ws HTTP/1.1\r\n${HOST}${WEBSOCKET}\r\n`, 'is a GET request, not "POST"'],
    [
      '400 Bad Request',
      `GET /ws HTTP/1.1\r\n${HOST}${WEBSOCKET.replace('Key: dGhl', 'Key: ')}\r\n`,
      'Sec-WebSocket-Key',
    ],
    ['426 Upgrade Required', `GET /ws HTTP/1.1\r\n${HOST}${WEBSOCKET.replace('13', '7')}\r\n`, 'instead of "7"'],
  ])('responds with %s and a sentence to a wrong upgrade of the module’s path', async (status, request, sentence) => {
    const client = await TcpClient.connect(realtime.port);
    client.send(request);
    const [head, body] = (await client.untilClosed()).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status}\r\n`));
    expect(head).toContain('Content-Type: text/plain; charset=utf-8');
    expect(body).toContain(sentence);
  });

  it.each(['http://example.com/ws', 'ws://example.com/ws?x=1', 'HTTP://example.com:80/ws'])(
    'upgrades an absolute target: %s',
    async (target) => {
      const client = await TcpClient.connect(realtime.port);
      client.send(`GET ${target} HTTP/1.1\r\n${HOST}${WEBSOCKET}\r\n`);
      await client.until('HTTP/1.1 101 Switching Protocols');
      client.destroy();
    },
  );
});
