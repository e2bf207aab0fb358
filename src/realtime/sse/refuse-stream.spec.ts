import type { Exchange } from './stream-client.js';
import { refusalOf, refuseStream, type StreamRefusal } from './refuse-stream.js';

/** Refuses a request, and returns what the client receives. */
function answerTo(headers: Record<string, string>, refusal: StreamRefusal, httpVersionMajor = 1) {
  const sent = { status: 0, headers: {} as Record<string, unknown>, body: '' };
  const response = {
    setHeader: (name: string, value: unknown) => void (sent.headers[name] = value),
    writeHead(status: number, more: object = {}) {
      sent.status = status;
      Object.assign(sent.headers, more);
      return response;
    },
    end: (body = '') => void (sent.body = body),
  };
  refuseStream({ request: { headers, httpVersionMajor }, response } as unknown as Exchange, refusal);
  return sent;
}

const EVENT_SOURCE = { accept: 'text/event-stream' };
const JSON_CLIENT = { accept: 'text/event-stream, application/json' };

describe('the refusal of a stream', () => {
  it.each([
    ['token_invalid', 401],
    ['token_expired', 401],
    ['auth_required', 401],
    ['forbidden', 403],
  ] as const)('is final for %s: %s', (code, status) => {
    const refusal = refusalOf({ code, close: 'unauthorized' });
    expect(refusal).toMatchObject({ status, code });
    expect(refusal).not.toHaveProperty('retryAfterSeconds');
  });

  it('can be tried again otherwise', () => {
    expect(refusalOf({ code: 'unavailable', close: 'unavailable', message: 'Redis is down' } as never)).toEqual({
      ...{ status: 503, message: 'Redis is down', code: 'unavailable', retryAfterSeconds: 2 },
    });
    expect(refusalOf({ code: 'too_many_connections', close: 'tooManyConnections' })).toMatchObject({
      ...{ status: 429, retryAfterSeconds: 30 },
    });
  });

  it('has the status of an HTTP refusal, and its time to retry', () => {
    expect(refusalOf({ status: '403 Forbidden' } as never)).toEqual({
      status: 403,
      message: 'The origin of the page is not allowed (option `origins`)',
    });
    expect(refusalOf({ status: '503 Service Unavailable', headers: { 'Retry-After': '7' } } as never)).toEqual({
      ...{ status: 503, message: 'Temporarily unavailable: try again', retryAfterSeconds: 7 },
    });
    expect(refusalOf({ status: '418 Teapot' } as never).message).toBe('418 Teapot');
  });
});

describe('a refused request', () => {
  it('is answered with JSON', () => {
    const { status, headers, body } = answerTo(JSON_CLIENT, { status: 401, message: 'é', code: 'token_invalid' });
    expect(status).toBe(401);
    expect(JSON.parse(body)).toEqual({ statusCode: 401, message: 'é', code: 'token_invalid' });
    expect(headers).toMatchObject({
      Connection: 'close',
      'Cache-Control': 'no-store',
      'WWW-Authenticate': 'Bearer error="invalid_token"',
      'Content-Length': Buffer.byteLength(body),
    });
    expect(headers).not.toHaveProperty('Retry-After');
  });

  it('names the time to retry', () => {
    const { headers } = answerTo(JSON_CLIENT, { status: 503, message: 'm', retryAfterSeconds: 2 }, 2);
    expect(headers).toMatchObject({ 'Retry-After': '2' });
    expect(headers).not.toHaveProperty('Connection');
    expect(headers).not.toHaveProperty('WWW-Authenticate');
  });

  it('of an EventSource is a stream that ends, and reconnects after one to two times that time', () => {
    const { status, body } = answerTo(EVENT_SOURCE, { status: 503, message: 'Busy', retryAfterSeconds: 2 });
    expect(status).toBe(200);
    const [, retryMs] = /^: Busy\n\nretry: (\d+)\n\n$/.exec(body)!;
    expect(Number(retryMs)).toBeGreaterThanOrEqual(2_000);
    expect(Number(retryMs)).toBeLessThanOrEqual(4_000);
  });

  it('of an EventSource that reconnects ends it, if the refusal is final', () => {
    const again = { ...EVENT_SOURCE, 'last-event-id': 'e-1' };
    for (const status of [401, 403]) expect(answerTo(again, { status, message: 'm' }).status).toBe(204);
    expect(answerTo(again, { status: 400, message: 'm' }).status).toBe(400);
    expect(answerTo(EVENT_SOURCE, { status: 403, message: 'm' }).status).toBe(403);
    expect(answerTo({ ...again, ...JSON_CLIENT }, { status: 403, message: 'm' }).status).toBe(403);
  });
});
