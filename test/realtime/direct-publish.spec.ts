import { Controller, Get, Post } from '@nestjs/common';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { inNextLogInterval } from '../support/log-intervals.js';
import { RealtimeApp, type BootOptions } from './support/realtime-app.js';

const API_KEY = 'a key of a service, long enough';
const EVENT = JSON.stringify({ channel: 'apps:created', data: { id: '1', name: 'one' } });

@Controller('realtime/events')
class Others {
  @Get()
  list(): string {
    return 'of the application';
  }
}

@Controller('other')
class Other {
  @Post()
  create(): string {
    return 'of the application';
  }
}

describe.each(['express', 'fastify'] as const)('directPublishApi (%s)', (http) => {
  /** Paths that middleware of the application has seen. */
  const seen: string[] = [];
  let app: RealtimeApp;

  const prepare: BootOptions['prepare'] = (nest) => {
    nest.setGlobalPrefix('api');
    (nest.getHttpServer() as Server).prependListener('request', ({ url }: IncomingMessage) => {
      if (url === '/api/broken') throw new Error('the disk is full');
    });
    nest.use((request: IncomingMessage, _response: ServerResponse, next: () => void) => {
      seen.push(`${request.method} ${request.url}`);
      next();
    });
  };

  beforeEach(async () => {
    seen.length = 0;
    app = await RealtimeApp.start(
      { publishApiKeys: [API_KEY], directPublishApi: true, maxEventBytes: 1_000 },
      { http, prepare, controllers: [Others, Other] },
    );
  });
  afterEach(() => app.close());

  async function post(
    path: string,
    body: string | Uint8Array<ArrayBuffer> = EVENT,
    headers: Record<string, string> = {},
  ) {
    const answer = await fetch(app.http + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': API_KEY, ...headers },
      body,
    });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  }

  it('answers below the global prefix, and no middleware sees the request', async () => {
    const answer = await post('/api/realtime/events?from=test');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(JSON.parse(answer.body)).toMatchObject({ channel: 'apps:created' });
    expect(seen).toEqual([]);
  });

  it('leaves every other method and path to the application', async () => {
    expect((await post('/realtime/events')).status).toBe(404);
    expect((await post('/api/other')).body).toBe('of the application');
    const list = await fetch(`${app.http}/api/realtime/events`);
    expect(await list.text()).toBe('of the application');
    expect(seen).toEqual(['POST /realtime/events', 'POST /api/other', 'GET /api/realtime/events']);
  });

  it('reads compressed bodies, and refuses large ones and other types, with the same limits', async () => {
    expect(
      (await post('/api/realtime/events', new Uint8Array(gzipSync(EVENT)), { 'Content-Encoding': 'gzip' })).status,
    ).toBe(201);
    expect((await post('/api/realtime/events', `"${'x'.repeat(4_000_000)}"`)).status).toBe(413);
    expect((await post('/api/realtime/events', EVENT, { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect(seen).toEqual([]);
  });

  it('ends only the request of a listener that throws', async () => {
    await expect(fetch(`${app.http}/api/broken`)).rejects.toThrow('fetch failed');
    expect((await post('/api/realtime/events')).status).toBe(201);
  });

  it('answers 503 and closes the connection while the instance drains', async () => {
    await app.server.drain(0);
    const { status, headers, body } = await post('/api/realtime/events');
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect(headers.get('connection')).toBe('close');
    expect(JSON.parse(body)).toMatchObject({
      statusCode: 503,
      message: expect.stringMatching('shutting down') as unknown,
    });
  });
});

describe('directPublishApi', () => {
  it('answers 500 without a detail if publishing fails in an unexpected way, and logs it', async () => {
    const app = await RealtimeApp.start({ publishApiKeys: [API_KEY], directPublishApi: true });
    app.events.prepare = () => {
      throw new Error('secret detail');
    };
    const headers = { 'Content-Type': 'application/json', 'X-API-Key': API_KEY };
    const interval = inNextLogInterval();
    const answer = await fetch(`${app.http}/realtime/events`, { method: 'POST', headers, body: EVENT });
    const text = await answer.text();
    interval.restore();
    await app.close();
    expect(answer.status).toBe(500);
    expect(text).not.toContain('secret detail');
    expect(app.log.lines).toContainEqual(expect.stringMatching(/^error: A request to publish failed.*secret detail/));
  });

  it('needs publishApi', async () => {
    const start = RealtimeApp.start({ publishApi: false, directPublishApi: true });
    await expect(start).rejects.toThrow('`directPublishApi` needs `publishApi`');
  });
});
