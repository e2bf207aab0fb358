import { Body, Controller, Post, Req, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import express from 'express';
import { connect } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { RealtimeModule } from '../../src/realtime/index.js';
import { withDefaults, type TestOptions } from '../realtime/support/realtime-app.js';

const API_KEY = 'a key of a service, long enough';
const HEADERS = { 'content-type': 'application/json', 'x-api-key': API_KEY };

@Controller()
class UploadController {
  @Post('upload')
  upload(@Body() body: unknown, @Req() request: { rawBody?: Buffer }) {
    return { body: body ?? null, raw: request.rawBody?.length ?? null };
  }
}

interface Settings {
  readonly bodyParser?: boolean;
  readonly rawBody?: boolean;
  /** Created by `Test.createTestingModule`. */
  readonly testing?: boolean;
}

describe.each(['express', 'fastify'] as const)('the body of POST /realtime/events (%s)', (http) => {
  let app: INestApplication;
  let url: string;
  afterEach(() => app.close());

  async function start(
    options: TestOptions = {},
    { testing = false, ...settings }: Settings = {},
    prepare: (app: INestApplication) => void = () => undefined,
  ): Promise<void> {
    const root = {
      module: class Root {},
      imports: [RealtimeModule.forRoot(withDefaults({ publishApiKeys: [API_KEY], ...options }))],
      controllers: [UploadController],
    };
    const adapter = http === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
    const all = { logger: false, abortOnError: false, ...settings } as const;
    app = testing
      ? (await Test.createTestingModule({ imports: [root] }).compile()).createNestApplication(adapter, all)
      : await NestFactory.create(root, adapter, all);
    prepare(app);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  }

  async function post(body: unknown, headers: Record<string, string> = HEADERS, path = '/realtime/events') {
    const content = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: content as BodyInit });
    return { status: response.status, body: (await response.json()) as { message?: string } };
  }

  const event = (length: number) => ({ channel: 'apps:created', data: 'x'.repeat(length) });

  it('accepts 1,000 events, and one of maxEventBytes with any escaping', async () => {
    await start({ maxEventBytes: 1_048_576, invalidEvents: 'pass' });
    expect((await post(Array.from({ length: 1_000 }, () => event(2_000)))).status).toBe(201);
    expect((await post(event(1_048_574))).status).toBe(201);
    const escaped = `{"channel":"apps:created","data":"${'\\u0436'.repeat(524_287)}"}`;
    expect((await post(escaped)).status).toBe(201);
    expect(await post(event(1_048_575))).toMatchObject({ status: 400, body: { message: 'Nothing was published' } });
  });

  it('refuses a larger one with 413 and a message, with and without Content-Length', async () => {
    await start({ maxEventBytes: 16 });
    const large = JSON.stringify(Array.from({ length: 1_000 }, () => event(2_100)));
    const sentence = /^The body is larger than 2064000 bytes: send fewer events/;
    const refusal = { status: 413, body: { message: expect.stringMatching(sentence) as string } };
    expect(await post(large)).toMatchObject(refusal);
    expect(await post(gzipSync(large), { ...HEADERS, 'content-encoding': 'gzip' })).toMatchObject(refusal);
    const chunked = await fetch(`${url}/realtime/events`, {
      method: 'POST',
      headers: HEADERS,
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  it.each<[string, Settings]>([
    ['bodyParser: false', { bodyParser: false }],
    ['rawBody: true', { rawBody: true }],
    ['Test.createTestingModule', { testing: true }],
  ])('is read with %s', async (_name, settings) => {
    await start({ invalidEvents: 'pass' }, settings);
    expect((await post(Array.from({ length: 1_000 }, () => event(200)))).status).toBe(201);
  });

  it("does not change the application's parsers and limits", async () => {
    await start({ invalidEvents: 'pass' }, { rawBody: true }, (nest) => {
      if (http === 'express') (nest as NestExpressApplication).useBodyParser('json', { limit: 1_000 });
      else (nest as NestFastifyApplication).useBodyParser('application/json', { bodyLimit: 1_000 });
    });
    expect((await post(Array.from({ length: 1_000 }, () => event(200)))).status).toBe(201);
    expect((await post(event(2_000), HEADERS, '/upload')).status).toBe(413);
    expect(await post({ a: 1 }, HEADERS, '/upload')).toMatchObject({ status: 201, body: { body: { a: 1 }, raw: 7 } });
  });

  it('is read below a global prefix', async () => {
    await start({ invalidEvents: 'pass' }, {}, (nest) => nest.setGlobalPrefix('api'));
    const batch = Array.from({ length: 1_000 }, () => event(200));
    expect((await post(batch, HEADERS, '/api/realtime/events')).status).toBe(201);
    expect((await post(event(2_000_000), HEADERS, '/api/upload')).status).toBe(413);
  });

  it.each<[string, Uint8Array, string]>([
    ['gzip', gzipSync(JSON.stringify(event(10))), 'gzip'],
    ['brotli', brotliCompressSync(JSON.stringify(event(10))), 'br'],
  ])('is decompressed: %s', async (_name, body, encoding) => {
    await start({ invalidEvents: 'pass' });
    expect((await post(body, { ...HEADERS, 'content-encoding': encoding })).status).toBe(201);
  });

  it.each<[string, number, RegExp, unknown, Record<string, string>]>([
    ['no JSON', 400, /^The body is not JSON/, '{"channel":', {}],
    [
      'another type',
      415,
      /Content-Type: application\/json/,
      'a=b',
      { 'content-type': 'application/x-www-form-urlencoded' },
    ],
    ['another charset', 415, /UTF-8/, '{}', { 'content-type': 'application/json; charset=utf-16le' }],
    ['an unknown encoding', 415, /gzip, deflate, br/, '{}', { 'content-encoding': 'lzma' }],
    ['a broken encoding', 400, /cannot be decompressed/, 'not gzip', { 'content-encoding': 'gzip' }],
  ])('is refused with a sentence: %s', async (_name, status, sentence, body, headers) => {
    await start();
    const answer = await post(body, { ...HEADERS, ...headers });
    expect(answer).toMatchObject({ status, body: { message: expect.stringMatching(sentence) as string } });
  });

  it('is not read before the caller is authenticated', async () => {
    await start();
    const [, port] = /:(\d+)$/.exec(url)!;
    const socket = connect(Number(port), '127.0.0.1');
    // The body is never sent, but the answer arrives.
    socket.write(
      'POST /realtime/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 60000000\r\n\r\n',
    );
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data: Buffer) => resolve(data.toString())),
    );
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('an Express instance that the application has prepared', () => {
  it('runs its json() first, with its limit', async () => {
    const instance = express();
    instance.use(express.json({ limit: 1_000 }));
    const root = {
      module: class Root {},
      imports: [RealtimeModule.forRoot(withDefaults({ publishApiKeys: [API_KEY], invalidEvents: 'pass' }))],
    };
    const app = await NestFactory.create(root, new ExpressAdapter(instance), { logger: false, abortOnError: false });
    try {
      await app.listen(0, '127.0.0.1');
      const publish = async (length: number) => {
        const body = JSON.stringify({ channel: 'apps:created', data: 'x'.repeat(length) });
        return (await fetch(`${await app.getUrl()}/realtime/events`, { method: 'POST', headers: HEADERS, body }))
          .status;
      };
      expect([await publish(10), await publish(2_000)]).toEqual([201, 413]);
    } finally {
      await app.close();
    }
  });
});
