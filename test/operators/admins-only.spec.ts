import { randomUUID } from 'node:crypto';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { RequestMethod } from '@nestjs/common';
import { OperatorActionsController } from '../../src/realtime/http/operator-actions.controller.js';
import { AsyncApiController } from '../../src/realtime/http/asyncapi.controller.js';
import { OperatorStatesController } from '../../src/realtime/http/operator-states.controller.js';
import { OperatorsController } from '../../src/realtime/http/operators.controller.js';
import { RealtimeStreams, type StreamWriter } from '../../src/realtime/index.js';
import { boardsOf, Database } from '../live-resources/support/board.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken, unsignedToken } from '../support/jwt.js';
import type { WsClient } from '../support/ws-client.js';
import { call } from './operator-app.js';

/** Every route, with values for its parameters. */
const ROUTES: readonly (readonly [method: string, path: string, parameters: Readonly<Record<string, string>>])[] = [
  ['GET', 'asyncapi.json', {}],
  ['GET', 'stats', {}],
  ['GET', 'stats/history', {}],
  ['GET', 'whoami', {}],
  ['GET', 'connections', {}],
  ['GET', 'connections/:id', {}],
  ['GET', 'channels', {}],
  ['GET', 'commands', {}],
  ['GET', 'live', {}],
  ['GET', 'streams', {}],
  ['GET', 'channels/:channel/history', { channel: 'apps:created' }],
  ['GET', 'explain', { query: '?channel=apps:created' }],
  ['POST', 'users/:userId/reauthorize', { userId: 'ann' }],
  ['POST', 'users/:userId/subscribe', { userId: 'nobody', query: '?channel=apps:created' }],
  ['POST', 'users/:userId/unsubscribe', { userId: 'nobody', query: '?channel=apps:created' }],
  ['POST', 'users/:userId/disconnect', { userId: 'nobody' }],
  ['POST', 'sessions/:jti/disconnect', { jti: 'none' }],
  ['POST', 'users/:userId/revoke', { userId: 'nobody' }],
  ['POST', 'sessions/:jti/revoke', { jti: 'none' }],
  ['POST', 'tokens/revoke', { query: '?issuedBefore=2020-01-01T00:00:00Z' }],
  ['POST', 'connections/:id/revoke', {}],
  ['POST', 'live/:channel/invalidate', { channel: 'projects:1:board' }],
  ['POST', 'streams/:channel/cancel', { channel: 'logs:1' }],
  ['DELETE', 'connections/:id', {}],
];

const bearer = (token: string): string => `Bearer ${token}`;

describe.each(['express', 'fastify'] as const)('the API for operators (%s)', (http) => {
  let on: RealtimeApp;
  let off: RealtimeApp;
  let client: WsClient;
  let stream: StreamWriter;

  beforeAll(async () => {
    [on, off] = await Promise.all([
      RealtimeApp.start(
        { operatorApi: true, channels: [{ name: 'logs:{id}', access: 'public', stream: true }] },
        { http, providers: [boardsOf(new Database())] },
      ),
      RealtimeApp.start({}, { http }),
    ]);
  });
  beforeEach(async () => {
    client = await on.connectAs({ sub: 'ann', jti: randomUUID() });
    stream = await on.app.get(RealtimeStreams).open('logs:1');
  });
  afterEach(async () => {
    await client?.close();
    await stream?.end();
  });
  afterAll(async () => {
    await Promise.all([on?.close(), off?.close()]);
  });

  /** Uses the id of the test's client as the id of a connection. */
  function routeOf(path: string, parameters: Readonly<Record<string, string>>): string {
    const { connectionId } = client.frames[0] as unknown as { connectionId: string };
    return path
      .replace(/:(\w+)/g, (_, name: string) => (name === 'id' ? connectionId : encodeURIComponent(parameters[name]!)))
      .concat(parameters['query'] ?? '');
  }

  it.each(ROUTES)('%s %s is only for administrators', async (method, path, parameters) => {
    const route = routeOf(path, parameters);
    const statusFor = async (authorization: string): Promise<number> =>
      (await call(on, route, { method, authorization })).status;
    for (const nobody of [
      ...['', 'Basic YTpi', bearer(''), bearer('rubbish'), bearer(unsignedToken({ role: 'admin' }))],
      bearer(signToken({ role: 'admin', exp: 1 })),
    ]) {
      expect([nobody, await statusFor(nobody)]).toEqual([nobody, 401]);
    }
    expect(await statusFor(bearer(signToken({ sub: 'ann' })))).toBe(403);
    expect(
      (
        await call(on, `${route}${route.includes('?') ? '&' : '?'}token=${signToken({ role: 'admin' })}`, {
          method,
          authorization: '',
        })
      ).status,
    ).toBe(401);
    expect(await statusFor(bearer(signToken({ role: 'admin' })))).toBe(200);
    // Off by default.
    const admin = await call(off, route, { method });
    expect([admin.status, admin.body.message]).toEqual([404, expect.stringMatching(/^(Cannot|Route) /)]);
  });
});

it('has no other route', () => {
  const handlers = [OperatorsController, OperatorActionsController, OperatorStatesController, AsyncApiController]
    .map(({ prototype }) => prototype as object)
    .flatMap((prototype) =>
      Object.values(Object.getOwnPropertyDescriptors(prototype)).map(({ value }) => value as object),
    );
  const routes = handlers.flatMap((handler) => {
    const path = Reflect.getMetadata(PATH_METADATA, handler) as string | undefined;
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    return path === undefined || method === undefined ? [] : [`${RequestMethod[method]} ${path}`];
  });
  expect(routes.toSorted()).toEqual(ROUTES.map(([method, path]) => `${method} ${path}`).toSorted());
});
