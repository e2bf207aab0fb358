import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { RealtimeStreams } from '../../src/realtime/index.js';
import { boardsOf, Database } from '../live-resources/support/board.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import type { WsClient } from '../support/ws-client.js';
import { answerOf } from './operator-app.js';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly nullable?: boolean;
}

/** Lists the places where a value does not match its schema. */
function misfits(value: unknown, schema: Schema, at = 'answer'): string[] {
  if (value === null) return schema.nullable === true ? [] : [`${at} is null`];
  if (Array.isArray(value)) {
    if (schema.type !== 'array') return [`${at} is a list`];
    return value.flatMap((item, index) => misfits(item, schema.items!, `${at}[${index}]`));
  }
  if (typeof value !== 'object') {
    const known = schema.type === 'integer' ? 'number' : schema.type;
    return known === undefined || typeof value === known ? [] : [`${at} is a ${typeof value}`];
  }
  const { properties, required = [] } = schema;
  if (properties === undefined) return schema.type === undefined ? [] : [`${at} is an object`];
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`);
  return missing.concat(
    Object.entries(value).flatMap(([name, item]) =>
      properties[name] === undefined
        ? [`${at}.${name} is not described`]
        : misfits(item, properties[name], `${at}.${name}`),
    ),
  );
}

describe('the OpenAPI document of an application', () => {
  let app: RealtimeApp;
  let client: WsClient;
  let document: OpenAPIObject;

  beforeAll(async () => {
    // As in an application: after its creation, before it listens.
    const prepare = (created: RealtimeApp['app']): void => {
      document = SwaggerModule.createDocument(created, new DocumentBuilder().addBearerAuth().build());
    };
    app = await RealtimeApp.start(
      { operatorApi: true, channels: [{ name: 'logs:{id}', access: 'public', stream: true }] },
      { prepare, providers: [boardsOf(new Database())] },
    );
    const stream = await app.app.get(RealtimeStreams).open('logs:1');
    await stream.write('text');
    client = await app.connectAs({ sub: 'ann', jti: 's1' });
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    await client.ask({ type: 'subscribe', channel: 'logs:1', stream: {} });
    await client.ask({ type: 'subscribe', channel: 'projects:1:board', state: true });
    await client.next('state');
    await app.events.emit('apps:created', { id: '1', name: 'shop' });
  });
  afterAll(async () => {
    await client?.close();
    await app?.close();
  });

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })),
    );

  interface Operation {
    readonly summary?: string;
    readonly security?: readonly object[];
    readonly parameters?: readonly { name: string; in: string }[];
    readonly responses: Readonly<Record<string, { content?: Record<string, { schema: Schema }> }>>;
  }

  it('has every route with its purpose, its authentication and its answers', () => {
    expect(
      operations()
        .map(({ path, method }) => `${method} ${path}`)
        .toSorted(),
    ).toEqual([
      'delete /realtime/connections/{id}',
      'get /realtime/asyncapi.json',
      'get /realtime/channels',
      'get /realtime/channels/{channel}/events',
      'get /realtime/channels/{channel}/history',
      'get /realtime/commands',
      'get /realtime/connections',
      'get /realtime/connections/{id}',
      'get /realtime/explain',
      'get /realtime/live',
      'get /realtime/stats',
      'get /realtime/stats/history',
      'get /realtime/stream',
      'get /realtime/streams',
      'get /realtime/whoami',
      'post /realtime/commands/{name}',
      'post /realtime/connections/{id}/revoke',
      'post /realtime/events',
      'post /realtime/live/{channel}/invalidate',
      'post /realtime/sessions/{jti}/disconnect',
      'post /realtime/sessions/{jti}/revoke',
      'post /realtime/stream/{connectionId}/frames',
      'post /realtime/streams/{channel}/cancel',
      'post /realtime/tickets',
      'post /realtime/tokens/revoke',
      'post /realtime/users/{userId}/disconnect',
      'post /realtime/users/{userId}/reauthorize',
      'post /realtime/users/{userId}/revoke',
      'post /realtime/users/{userId}/subscribe',
      'post /realtime/users/{userId}/unsubscribe',
    ]);
    for (const { path, operation } of operations()) {
      expect([path, operation.summary]).toEqual([path, expect.stringMatching(/.{10}/)]);
      expect([path, operation.security]).toEqual([path, [{ bearer: [] }]]);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403']));
      const names = (operation.parameters ?? []).map((parameter) => `${parameter.in} ${parameter.name}`);
      expect([path, new Set(names).size]).toEqual([path, names.length]);
    }
  });

  it('describes the actual answers of the routes', async () => {
    const { connectionId } = client.frames[0] as unknown as { connectionId: string };
    const routes: readonly (readonly [method: string, path: string, route: string])[] = [
      ['get', '/realtime/stats', 'stats'],
      ['get', '/realtime/stats/history', 'stats/history'],
      ['get', '/realtime/whoami', 'whoami'],
      ['get', '/realtime/connections', 'connections?limit=1'],
      ['get', '/realtime/connections/{id}', `connections/${connectionId}`],
      ['get', '/realtime/channels', 'channels'],
      ['get', '/realtime/commands', 'commands'],
      ['get', '/realtime/live', 'live'],
      ['get', '/realtime/streams', 'streams'],
      ['get', '/realtime/channels/{channel}/history', 'channels/apps:created/history'],
      ['get', '/realtime/explain', 'explain?channel=apps:created'],
      ['post', '/realtime/users/{userId}/reauthorize', 'users/ann/reauthorize'],
      ['post', '/realtime/users/{userId}/subscribe', 'users/ann/subscribe?channel=apps:created'],
      ['post', '/realtime/users/{userId}/unsubscribe', 'users/ann/unsubscribe?channel=apps:created'],
      ['post', '/realtime/live/{channel}/invalidate', 'live/projects:1:board/invalidate'],
      ['post', '/realtime/streams/{channel}/cancel', 'streams/logs:1/cancel'],
      ['delete', '/realtime/connections/{id}', `connections/${connectionId}`],
    ];
    for (const [method, path, route] of routes) {
      const found = operations().find((one) => one.path === path && one.method === method)!;
      const { schema } = found.operation.responses['200']!.content!['application/json']!;
      expect([route, misfits(await answerOf(app, route, method.toUpperCase()), schema)]).toEqual([route, []]);
    }
  });
});
