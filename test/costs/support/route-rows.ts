import { signToken } from '../../support/jwt.js';
import type { Budget } from './budget.js';

export const PUBLISH_KEY = 'k'.repeat(16);

/** One answer of a REST route, with its budget. */
export interface RouteRow extends Budget {
  readonly name: string;
  /** Route pattern of Express. */
  readonly route: string;
  readonly status: number;
  readonly request: (kilobytes: number, index: number) => RestRequest;
}

export interface RestRequest {
  /** Values of the route's parameters. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const padding = (kilobytes: number) => 'x'.repeat(1_000 * kilobytes);
const bearer = (sub: string, role: string) => ({ Authorization: `Bearer ${signToken({ sub, role })}` });
const administrator = (index = 0) => bearer(`operator ${index}`, 'admin');
/** Clients without a token can read public channels, so it reads the request first. */
const HISTORY_ROUTE = 'GET /realtime/channels/:channel/events';
const key = { 'X-API-Key': PUBLISH_KEY };

const REFUSED = { out: [700, 0], cpu: [12_000, 0.5], memory: [0, 0], keys: 0 } as const;
const ANSWERED = { out: [1_500, 0], cpu: [20_000, 0.5], memory: [0, 0], keys: 0 } as const;
/** Each command adds an entry to the command log, which is bounded. */
const COMMAND = { out: [1_500, 0], cpu: [30_000, 0.5], memory: [5_000, 0], keys: 0 } as const;

/** Every route, called without authentication. `GET` and `DELETE` have only headers, which Node limits to 16 KB. */
export const UNAUTHENTICATED_ROW: Budget & { readonly name: string } = {
  name: 'every route, unauthenticated',
  ...REFUSED,
};

const STREAM_ROUTE = 'GET /realtime/stream';
const FRAMES_ROUTE = 'POST /realtime/stream/:connectionId/frames';

/** Streams are for all clients: the request of a row names a wrong channel, so that it has an end. */
const STATUSES: Readonly<Record<string, string>> = {
  [HISTORY_ROUTE]: '400',
  [STREAM_ROUTE]: '400',
  [FRAMES_ROUTE]: '404',
  'POST /realtime/commands/:name': '404',
  'OPTIONS /realtime/stream': '204',
  'OPTIONS /realtime/stream/:connectionId/frames': '204',
};

export function unauthenticatedStatus(route: string): string {
  return STATUSES[route] ?? '401';
}

export function unauthenticatedRequest(route: string, kilobytes: number): RestRequest {
  return route.startsWith('POST')
    ? { body: JSON.stringify({ channel: padding(20 * kilobytes) }) }
    : { path: `${pathOf(route)}?channels=!&padding=${padding(2 * kilobytes)}` };
}

const ofOperator = (route: string, status: number, budget: Budget, query = ''): RouteRow => ({
  name: `\`${route}\` of an operator`,
  route,
  status,
  request: (kilobytes) => ({
    path: `${pathOf(route)}${query}`,
    headers: { ...administrator(), 'X-Padding': padding(2 * kilobytes) },
    ...(route.startsWith('POST') && { body: JSON.stringify({ padding: padding(20 * kilobytes) }) }),
  }),
  ...budget,
});

const ofService = (
  what: string,
  status: number,
  body: (kilobytes: number, index: number) => unknown,
  budget: Budget,
): RouteRow => ({
  name: `\`POST /realtime/events\`: ${what}`,
  route: 'POST /realtime/events',
  status,
  request: (kilobytes, index) => ({ headers: key, body: JSON.stringify(body(kilobytes, index)) }),
  ...budget,
});

export function pathOf(route: string): string {
  return route.split(' ')[1]!.replace(/:\w+/g, 'none');
}

const OPERATORS: readonly RouteRow[] = [
  ofOperator('GET /realtime/asyncapi.json', 200, { ...ANSWERED, out: [40_000, 0], cpu: [50_000, 0.5] }),
  ofOperator('GET /realtime/stats', 200, ANSWERED),
  ofOperator('GET /realtime/stats/history', 200, { ...ANSWERED, out: [10_000, 0] }),
  ofOperator('GET /realtime/whoami', 200, ANSWERED),
  ofOperator('GET /realtime/connections', 200, ANSWERED),
  ofOperator('GET /realtime/connections/:id', 404, ANSWERED),
  ofOperator('GET /realtime/channels', 200, ANSWERED),
  ofOperator('GET /realtime/channels/:channel/history', 404, ANSWERED),
  ofOperator('GET /realtime/commands', 200, ANSWERED),
  ofOperator('GET /realtime/live', 200, ANSWERED),
  ofOperator('GET /realtime/streams', 200, ANSWERED),
  ofOperator('GET /realtime/explain', 200, ANSWERED, '?channel=apps:created&user=u1'),
  ofOperator('DELETE /realtime/connections/:id', 404, COMMAND),
  ofOperator('POST /realtime/connections/:id/revoke', 404, COMMAND),
  ofOperator('POST /realtime/users/:userId/disconnect', 200, COMMAND),
  ofOperator('POST /realtime/users/:userId/revoke', 200, COMMAND),
  ofOperator('POST /realtime/users/:userId/reauthorize', 200, COMMAND),
  ofOperator('POST /realtime/users/:userId/subscribe', 400, COMMAND, '?channel=none:none'),
  ofOperator('POST /realtime/users/:userId/unsubscribe', 200, COMMAND, '?channel=apps:created'),
  ofOperator('POST /realtime/sessions/:jti/disconnect', 200, COMMAND),
  ofOperator('POST /realtime/sessions/:jti/revoke', 200, COMMAND),
  ofOperator('POST /realtime/tokens/revoke', 200, COMMAND, '?issuedBefore=2020-01-01'),
  ofOperator('POST /realtime/live/:channel/invalidate', 404, ANSWERED),
  ofOperator('POST /realtime/streams/:channel/cancel', 404, ANSWERED),
];

const SERVICES: readonly RouteRow[] = [
  ofService('no event', 400, (kilobytes) => ({ channel: padding(20 * kilobytes) }), {
    ...REFUSED,
    out: [1_000, 0],
  }),
  ofService(
    'thousands of unknown fields',
    400,
    (kilobytes) => Object.fromEntries(Array.from({ length: 2_000 * kilobytes }, (_, index) => [`f${index}`, 0])),
    { ...REFUSED, out: [3_000, 0], cpu: [15_000, 5] },
  ),
  ofService('thousands of entries that are no events', 400, (kilobytes) => Array(500 * kilobytes).fill(0), {
    ...REFUSED,
    out: [3_000, 0],
    cpu: [15_000, 5],
  }),
  ofService(
    'one event',
    201,
    (kilobytes, index) => ({
      channel: 'rooms:published',
      data: { text: padding(20 * kilobytes) },
      idempotencyKey: `${kilobytes} ${index}`,
    }),
    { out: [700, 0], cpu: [15_000, 0.5], memory: [5_000, 0], keys: 1 },
  ),
  ofService(
    'one event of a new channel',
    201,
    (kilobytes, index) => ({ channel: `rooms:${kilobytes}-${index}`, data: { text: padding(20 * kilobytes) } }),
    { out: [700, 0], cpu: [15_000, 0.5], memory: [5_000, 0], keys: 2 },
  ),
  {
    name: '`GET /realtime/channels/:channel/events` of a user: a full page',
    route: HISTORY_ROUTE,
    status: 200,
    request: (kilobytes, index) => ({
      path: '/realtime/channels/rooms:published/events',
      headers: { ...bearer(`reader ${kilobytes} ${index}`, 'user'), 'X-Padding': padding(2 * kilobytes) },
    }),
    ...{ out: [270_000, 0], cpu: [40_000, 0.5], memory: [5_000, 0], keys: 0 },
  },
  ofService(
    'a batch of small events',
    201,
    (kilobytes) => Array.from({ length: 100 * kilobytes }, () => ({ channel: 'rooms:published', data: {} })),
    { out: [700, 3], cpu: [15_000, 10], memory: [5_000, 5], keys: 0 },
  ),
];

/** SECURITY.md has these rows, after the row without authentication. */
export const ROUTE_ROWS: readonly RouteRow[] = [
  ...SERVICES,
  {
    name: '`GET /realtime/stream`: a wrong channel',
    route: STREAM_ROUTE,
    status: 400,
    request: (kilobytes) => ({ path: `/realtime/stream?channels=!,${padding(2 * kilobytes)}` }),
    ...REFUSED,
  },
  {
    name: '`POST /realtime/stream/:connectionId/frames`: of no stream',
    route: FRAMES_ROUTE,
    status: 404,
    request: (kilobytes, index) => ({
      headers: bearer(`reader ${kilobytes} ${index}`, 'user'),
      body: JSON.stringify({ type: 'ping', padding: padding(20 * kilobytes) }),
    }),
    ...REFUSED,
  },
  ...['OPTIONS /realtime/stream', 'OPTIONS /realtime/stream/:connectionId/frames'].map((route) => ({
    name: `\`${route}\`: a preflight request`,
    route,
    status: 204,
    request: (kilobytes: number) => ({
      headers: { Origin: 'http://localhost', 'X-Padding': padding(2 * kilobytes) },
    }),
    ...REFUSED,
  })),
  {
    name: '`POST /realtime/commands/:name` of a user: once',
    route: 'POST /realtime/commands/:name',
    status: 200,
    request: (kilobytes, index) => ({
      path: '/realtime/commands/echo',
      headers: bearer(`caller ${index}`, 'user'),
      body: JSON.stringify({ data: padding(20 * kilobytes) }),
    }),
    out: [700, 1.1],
    cpu: [20_000, 1],
    memory: [5_000, 1.1],
    keys: 2,
  },
  {
    name: '`POST /realtime/tickets` of a user, at most 60 a minute',
    route: 'POST /realtime/tickets',
    status: 201,
    request: (kilobytes, index) => ({
      headers: administrator(kilobytes * 1_000 + index),
      body: JSON.stringify({ padding: padding(20 * kilobytes) }),
    }),
    out: [700, 0],
    cpu: [15_000, 0.5],
    memory: [5_000, 0],
    keys: 1,
  },
  ...OPERATORS,
];
