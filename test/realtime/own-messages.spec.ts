import { ValidationPipe } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { signToken } from '../support/jwt.js';
import type { WsClient } from '../support/ws-client.js';
import { APP_GUARD_OF_MODULE, EnhancedGateway, GLOBAL_GUARD, GLOBAL_INTERCEPTOR } from './support/enhanced-gateway.js';
import { SamePathGateway } from './support/other-gateways.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf, stamped } from './support/shapes.js';

const TOO_MANY: unknown = expect.stringContaining('wait for an answer');

describe('custom messages of an application, with @SubscribeMessage on the same path', () => {
  let app: RealtimeApp;
  let client: WsClient;

  beforeAll(async () => {
    app = await RealtimeApp.start(
      { maxRunningMessages: 20, messageTimeoutMs: 1_000, maxFrameBytes: 1_024, tenants: { claim: 'tenant' } },
      {
        providers: [SamePathGateway, EnhancedGateway, { provide: APP_GUARD, useValue: APP_GUARD_OF_MODULE }],
        prepare: (nest) => {
          nest.useGlobalGuards(GLOBAL_GUARD);
          nest.useGlobalInterceptors(GLOBAL_INTERCEPTOR);
          nest.useGlobalPipes(new ValidationPipe({ transform: true }));
        },
      },
    );
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    client = await app.connectAs({ tenant: 'acme' });
  });
  afterEach(async () => {
    await client.close();
  });

  const answerTo = async (frame: object): Promise<unknown> => {
    client.send(frame);
    const answer: unknown = await client.next();
    await client.expectNone();
    return answer;
  };

  it('get the return value of the handler, with their type and ref', async () => {
    expect(await answerTo({ type: 'rename', data: { name: 'x' }, ref: 'r' })).toEqual(
      stamped({ type: 'rename', data: { renamed: 'x' }, ref: 'r' }),
    );
  });

  it('can carry their data as fields of the frame', async () => {
    expect(await answerTo({ type: 'rename', name: 'y' })).toEqual(stamped({ type: 'rename', data: { renamed: 'y' } }));
  });

  it('can get a reply of another type', async () => {
    expect(await answerTo({ type: 'respond', data: 1, ref: 'r' })).toEqual(
      stamped({ type: 'response', data: 1, ref: 'r' }),
    );
  });

  it('get a reply without a property named __proto__', async () => {
    client.send('{"type":"respond","data":{"__proto__":{"isAdmin":true},"a":[{"__proto__":1}]}}');
    expect(JSON.stringify(await client.next('response' as never))).toContain('"data":{"a":[{}]}');
  });

  it('can get a reply later, several replies, or none', async () => {
    expect(await answerTo({ type: 'later', data: 5 })).toEqual(stamped({ type: 'later', data: 5 }));
    client.send({ type: 'several', ref: 's' });
    for (const data of [1, 2, 3]) expect(await client.next()).toEqual(stamped({ type: 'several', data, ref: 's' }));
    client.send({ type: 'silent' });
    await client.expectNone();
  });

  it.each(['hang', 'hang-in-guard', 'wait'])(
    'do not delay protocol frames while a handler does not answer (%s)',
    async (type) => {
      client.send({ type, name: 'nobody resolves it', ref: 'slow' });
      client.send({ type: 'ping', ref: '1' });
      client.send({ type: 'subscribe', channel: 'apps:created', ref: '2' });
      client.send({ type: 'auth', token: signToken({ tenant: 'acme' }), ref: '3' });
      client.send({ type: 'rename', name: 'x', ref: '4' });
      client.send({ type: 'ping', ref: '5' });
      await client.next('pong', ({ ref }) => ref === '5');
      const refs = client.frames.slice(1).map((frame) => 'ref' in frame && frame.ref);
      expect(refs.filter((ref) => ref !== '4')).toEqual(['1', '2', '3', '5']);
      expect(await client.next(undefined, (frame) => 'ref' in frame && frame.ref === '4')).toMatchObject({
        data: { renamed: 'x' },
      });
    },
  );

  it('get the ref of their request, in any order in which handlers finish', async () => {
    const gateway = app.app.get(EnhancedGateway);
    for (const name of ['a', 'b', 'c']) client.send({ type: 'wait', name, ref: name });
    for (const name of ['d', 'e']) client.send({ type: 'speak', name, ref: name });
    for (const name of ['d', 'e']) {
      expect(await client.next()).toEqual(stamped({ type: 'spoken', data: { name, part: 1 }, ref: name }));
    }
    for (const name of ['c', 'a', 'b']) {
      gateway.waiting.get(name)!({ name });
      expect(await client.next()).toEqual(stamped({ type: 'wait', data: { name }, ref: name }));
    }
    for (const name of ['e', 'd']) {
      gateway.waiting.get(name)!(null);
      expect(await client.next()).toEqual(stamped({ type: 'spoken', data: { name, part: 2 }, ref: name }));
    }
  });

  it('carry their ref also if they fail in the code of another message', async () => {
    client.send({ type: 'watch', ref: 'w' });
    expect(await client.next()).toEqual(stamped({ type: 'watch', data: 0, ref: 'w' }));
    client.send({ type: 'end-watch', ref: 'e' });
    expect(await client.next('error')).toEqual(errorOf('unavailable', { message: 'The source is gone', ref: 'w' }));
    expect(await client.next()).toEqual(stamped({ type: 'end-watch', data: 'ended', ref: 'e' }));
  });

  it('without a reply within messageTimeoutMs get unavailable, and are abandoned', async () => {
    const gateway = app.app.get(EnhancedGateway);
    const before = gateway.live;
    client.send({ type: 'hang', ref: 'h' });
    client.send({ type: 'wait', name: 'late', ref: 'l' });
    client.send({ type: 'hang-and-break', ref: 'b' });
    client.send({ type: 'live', ref: 's' });
    expect(await client.next()).toEqual(stamped({ type: 'live', data: 1, ref: 's' }));
    expect(gateway.live).toBe(before + 2);
    for (const [ref, type] of [
      ['h', 'hang'],
      ['l', 'wait'],
      ['b', 'hang-and-break'],
    ]) {
      const message = `No answer to "${type}" within 1000 ms: try again`;
      expect(await client.next()).toEqual(errorOf('unavailable', { message, ref }));
    }
    expect(gateway.live).toBe(before + 1); // a stream that has replied continues
    gateway.waiting.get('late')!('late');
    await client.expectNone();
  });

  it('run concurrently up to maxRunningMessages, including streams, without a listener for each', async () => {
    const gateway = app.app.get(EnhancedGateway);
    const before = gateway.live;
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    for (let n = 0; n < 20; n += 1) client.send({ type: 'live', ref: String(n) });
    for (let n = 0; n < 20; n += 1) await client.next(undefined, (frame) => 'ref' in frame && frame.ref === String(n));
    expect(await answerTo({ type: 'live', ref: 'x' })).toEqual(
      errorOf('rate_limited', { message: TOO_MANY, ref: 'x' }),
    );
    expect(gateway.live).toBe(before + 20);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
    const gone = app.gone('acme/u1');
    await client.close();
    await gone;
    expect(gateway.live).toBe(before);
  });

  it('without a reply hold at most sixteen frames of maxFrameBytes', async () => {
    for (let n = 1; n <= 17; n += 1) client.send({ type: 'hang', data: 'x'.repeat(960), ref: String(n) });
    await client.fence();
    expect(client.frames.slice(1, -1)).toEqual([errorOf('rate_limited', { message: TOO_MANY, ref: '17' })]);
  });

  it('run in the context of their tenant', async () => {
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    expect(await client.ask({ type: 'emit-here' })).toMatchObject({ data: 'apps:created' });
    expect(await client.next('event')).toMatchObject({ channel: 'apps:created', data: { id: 'a1' } });
  });

  it('can name the event and carry its data as fields', async () => {
    expect(await answerTo({ type: 'typed', ref: 'r' })).toEqual(
      stamped({ type: 'arrived', data: { id: 7, city: 'Bonn' }, ref: 'r' }),
    );
    expect(await answerTo({ type: 'event-only', ref: 'r' })).toEqual(stamped({ type: 'done', ref: 'r' }));
  });

  it.each([
    ['a guard of the method', 'refused', 'forbidden', 'Not allowed to send "refused"'],
    ['a guard of the method, with its own code', 'refused-with-code', 'rate_limited', 'Later'],
    ['a guard of the class', 'refused-by-class', 'forbidden', 'Sign in again'],
    ['a global guard', 'refused-globally', 'forbidden', 'Not allowed to send "refused-globally"'],
    ['an APP_GUARD', 'refused-by-app-guard', 'forbidden', 'Not on this plan'],
  ])('are refused by %s', async (_what, type, code, message) => {
    expect(await answerTo({ type, ref: 'r' })).toEqual(errorOf(code, { message, ref: 'r' }));
  });

  it('pass the pipes: global ones, those of a method and of a parameter', async () => {
    const place = { floor: 'x', owner: { name: 5 } };
    expect(await answerTo({ type: 'place', data: place, ref: 'r' })).toEqual(
      errorOf('invalid_message', {
        message: 'The data is not valid',
        details: [
          { field: 'data', message: 'floor must be an integer number' },
          { field: 'data', message: 'owner.name must be a string' },
        ],
        ref: 'r',
      }),
    );
    expect(await answerTo({ type: 'refused-by-pipe', data: place })).toEqual(
      errorOf('invalid_message', {
        message: 'The data is not valid',
        details: [
          { field: 'floor', message: 'floor must be an integer number' },
          { field: 'owner.name', message: 'name must be a string' },
        ],
      }),
    );
    expect(await answerTo({ type: 'place', floor: 1, owner: { name: 'Ada' } })).toEqual(
      stamped({ type: 'place', data: { isPlace: true } }),
    );
    expect(await answerTo({ type: 'number', n: '41' })).toEqual(stamped({ type: 'number', data: 42 }));
    expect(await answerTo({ type: 'number', n: 'x' })).toEqual(
      errorOf('invalid_message', { message: 'Validation failed (numeric string is expected)' }),
    );
  });

  it('pass the interceptors of the class and the global ones', async () => {
    expect(await answerTo({ type: 'intercepted' })).toEqual(stamped({ type: 'intercepted', data: { enveloped: 'x' } }));
    expect(await answerTo({ type: 'intercepted-globally' })).toEqual(
      stamped({ type: 'intercepted-globally', data: { global: { enveloped: 'x' } } }),
    );
  });

  it('pass the filters of the method and of the class', async () => {
    expect(await answerTo({ type: 'own-error', ref: 'r' })).toEqual(
      errorOf('unavailable', { message: 'Translated', ref: 'r' }),
    );
    expect(await answerTo({ type: 'range-error', ref: 'r' })).toEqual(
      errorOf('invalid_message', { message: 'Out of range: 42', ref: 'r' }),
    );
  });

  it.each([
    [400, 'invalid_message', 'Status 400'],
    [401, 'forbidden', 'Status 401'],
    [403, 'forbidden', 'Status 403'],
    [404, 'invalid_message', 'Status 404'],
    [429, 'rate_limited', 'Status 429'],
    [503, 'unavailable', 'Status 503'],
    [500, 'internal', 'Internal error'],
  ])('that throw an HttpException of status %d are %s', async (status, code, message) => {
    expect(await answerTo({ type: 'http-error', status, ref: 'r' })).toEqual(errorOf(code, { message, ref: 'r' }));
  });

  it('that throw a WsException get its message', async () => {
    expect(await answerTo({ type: 'refuse', ref: 'r' })).toEqual(
      errorOf('invalid_message', { message: 'Not on a Sunday', ref: 'r' }),
    );
    expect(await answerTo({ type: 'refuse-with-code' })).toEqual(errorOf('forbidden', { message: 'Not you' }));
  });

  it('can stream replies until the connection closes, without delaying later frames', async () => {
    const gateway = app.app.get(SamePathGateway);
    client.send({ type: 'endless', ref: 'e' });
    await client.fence();
    for (const data of [0, 1, 2]) expect(await client.next()).toEqual(stamped({ type: 'endless', data, ref: 'e' }));
    expect(gateway.ticking).toBe(1);
    const gone = app.gone('acme/u1');
    await client.close();
    await gone;
    expect(gateway.ticking).toBe(0);
  });

  it.each(['break', 'break-later', 'break-stream', 'circle', 'map', 'promise-inside'])(
    'that fail in any other way (%s) are internal',
    async (type) => {
      const answer = await answerTo({ type, ref: 'r' });
      expect(answer).toEqual(errorOf('internal', { ref: 'r', message: 'Internal error' }));
      await client.fence();
    },
  );

  it('cannot replace a protocol message, with a warning in the log', async () => {
    expect(await answerTo({ type: 'ping' })).toEqual(stamped({ type: 'pong' }));
    expect(app.log.lines.join('\n')).toContain("@SubscribeMessage('ping') is never called");
  });

  it('do not change the protocol: an unknown type is unknown_type', async () => {
    expect(await answerTo({ type: 'renames' })).toEqual(errorOf('unknown_type'));
    expect(await client.ask({ type: 'subscribe', channel: 'apps:created' })).toMatchObject({ type: 'subscribed' });
  });
});
