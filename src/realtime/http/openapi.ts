import type { Type } from '@nestjs/common';
import { CONNECTION_SORTS } from '../inspection/connection-rows.js';
import { MAX_PAGE, SORT_ORDERS } from '../inspection/paging.js';
import { AsyncApiController } from './asyncapi.controller.js';
import { ConsoleController } from './console.controller.js';
import { EventsController } from './events.controller.js';
import { OperatorActionsController } from './operator-actions.controller.js';
import { OperatorsController } from './operators.controller.js';
import { TicketsController } from './tickets.controller.js';
import { SCHEMAS } from './openapi-schemas.js';

interface Operation {
  readonly summary: string;
  readonly description?: string;
  /** Query parameters: a description, or the list of allowed values. */
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** Required query parameters. */
  readonly required?: readonly string[];
  readonly path?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly status?: number;
  /** The response. */
  readonly answer: object;
  /** The meaning of status 202 with the same response. */
  readonly incomplete?: string;
  /** Error statuses in addition to 401 and 403. */
  readonly refusals?: readonly (keyof typeof REFUSALS)[];
}

const REFUSALS = {
  400: 'A parameter or the body is wrong; the message says which',
  401: 'No valid token',
  403: 'Only administrators can do this',
  404: 'Not found, or the option `operatorApi` is off',
  429: 'Too many requests within a minute',
  503: 'Redis is unavailable, an instance did not answer, or this one is shutting down: try again',
} as const;

const LIMIT = `Page size, from 1 to ${MAX_PAGE}; default 100`;
const CURSOR = '`next` of the previous page';
const TENANT = 'The tenant, with the option `tenants`';
const search = (where: string): string => `A part of ${where}, case-insensitive`;

type Operations<Controller> = { readonly [Method in keyof Controller]: Operation };

const OPERATORS: Operations<OperatorsController> = {
  stats: { summary: 'Statistics of the cluster and of each instance', answer: SCHEMAS.stats },
  statsHistory: {
    summary: 'Metrics of the last five minutes of each instance, one sample every five seconds, oldest first',
    answer: SCHEMAS.statsHistory,
    refusals: [400],
  },
  whoami: {
    summary: 'The operator whose token the request has, and the instance that answers',
    answer: SCHEMAS.whoami,
    refusals: [400],
  },
  connections: {
    summary: 'The connections of all instances, page by page',
    query: {
      ...{
        user: 'The id of a user',
        channel: 'A channel to which it has subscribed',
        instance: 'The id of an instance',
      },
      ...{ address: 'The address of a client', session: 'The `jti` of a token', tenant: TENANT },
      search: search('the id, user, role, address or session'),
      ...{ sort: CONNECTION_SORTS, order: SORT_ORDERS, limit: LIMIT, cursor: CURSOR },
    },
    answer: SCHEMAS.connections,
    refusals: [400],
  },
  connection: {
    summary: 'One connection, with its channels',
    path: { id: 'The id of a connection' },
    answer: SCHEMAS.connection,
    refusals: [404, 503],
  },
  channels: {
    summary: 'The channels that have subscribers, by name, page by page',
    query: { search: search('the name'), limit: LIMIT, cursor: CURSOR },
    answer: SCHEMAS.channels,
    refusals: [400],
  },
  history: {
    summary: 'The last events in the history of a channel, oldest first, as clients receive them',
    path: { channel: 'The name of a channel' },
    query: { limit: `Number of events, from 1 to ${MAX_PAGE}; default 100`, tenant: TENANT },
    answer: SCHEMAS.history,
    refusals: [400, 404, 503],
  },
  explain: {
    summary: 'Explains why a user can or cannot use a channel',
    query: {
      ...{ channel: 'The name of the channel', user: 'The user id; omitted: a client without a token' },
      ...{ roles: 'The roles of the token, separated by commas', tenant: TENANT },
    },
    required: ['channel'],
    answer: SCHEMAS.explanation,
    refusals: [400],
  },
};

const ISSUED_BEFORE = 'Only tokens that were issued before this time (ISO 8601 or milliseconds); default now';
const COMMAND: Pick<Operation, 'answer' | 'incomplete'> = {
  answer: SCHEMAS.disconnected,
  incomplete: 'Some instances did not confirm; they run the command when it reaches them',
};

const ACTIONS: Operations<OperatorActionsController> = {
  disconnectConnection: {
    summary: 'Closes one connection (4403); the client can reconnect with a valid token',
    path: { id: 'The id of a connection' },
    ...COMMAND,
    refusals: [404, 503],
  },
  revokeConnection: {
    summary: 'Revokes the token of one connection, and closes it (4403)',
    path: { id: 'The id of a connection' },
    ...COMMAND,
    refusals: [404, 503],
  },
  disconnectUser: {
    summary: 'Closes every connection of a user (4403)',
    path: { userId: 'The id of a user' },
    query: { tenant: TENANT },
    ...COMMAND,
    refusals: [400, 503],
  },
  revokeUser: {
    summary: 'Revokes the tokens of a user, and closes its connections (4403)',
    path: { userId: 'The id of a user' },
    query: { tenant: TENANT, issuedBefore: ISSUED_BEFORE },
    ...COMMAND,
    refusals: [400, 503],
  },
  reauthorizeUser: {
    summary: 'Re-authorizes every subscription of a user',
    path: { userId: 'The id of a user' },
    query: { tenant: TENANT },
    ...COMMAND,
    answer: SCHEMAS.reauthorized,
    refusals: [400, 503],
  },
  disconnectSession: {
    summary: 'Closes every connection whose token has this `jti` (4403)',
    path: { jti: 'The `jti` of a token' },
    ...COMMAND,
    refusals: [503],
  },
  revokeSession: {
    summary: 'Revokes the tokens with this `jti`, and closes their connections (4403)',
    path: { jti: 'The `jti` of a token' },
    query: {
      until: 'When the last of these tokens ends (ISO 8601 or milliseconds): the revocation is kept until then',
    },
    ...COMMAND,
    refusals: [400, 503],
  },
  revokeAll: {
    summary: 'Revokes every token that was issued before a time, and closes the connections (4401)',
    query: { issuedBefore: ISSUED_BEFORE },
    ...COMMAND,
    refusals: [400, 503],
  },
};

const EVENTS: Operations<EventsController> = {
  publish: {
    summary: 'Publishes an event, or a list of them',
    description: 'For administrators, and for services with an `X-API-Key`.',
    body: SCHEMAS.eventsToPublish,
    status: 201,
    answer: SCHEMAS.emitted,
    refusals: [400, 503],
  },
};

const ASYNC_API: Operations<AsyncApiController> = {
  asyncapi: {
    summary: 'All channels, their access and their event schemas, as an AsyncAPI 3 document',
    answer: SCHEMAS.asyncApi,
  },
};

const TICKETS: Operations<TicketsController> = {
  issue: {
    summary: 'A ticket for `/ws?ticket=…`: valid once, for 30 s',
    description: 'For every client with a token.',
    status: 201,
    answer: SCHEMAS.ticket,
    refusals: [429, 503],
  },
};

let described: Promise<void> | null = null;

/**
 * Describes the module's routes for @nestjs/swagger, if the application has installed it. The package is imported only
 * here, so it is optional.
 */
export function describeRoutes(): Promise<void> {
  described ??= describe();
  return described;
}

/** Error codes of Node and Jest for a missing package. */
const ABSENT = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

async function describe(): Promise<void> {
  const swagger = await import('@nestjs/swagger').catch((error: { readonly code?: string }) => {
    if (ABSENT.includes(error.code ?? '')) return null;
    throw error;
  });
  if (swagger === null) return;
  const { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } = swagger;
  swagger.ApiExcludeController()(ConsoleController); // an HTML page, not an API

  const decorators = ({
    summary,
    description,
    query = {},
    required = [],
    path = {},
    body,
    status = 200,
    ...operation
  }: Operation) => [
    ApiOperation({ summary, ...(description !== undefined && { description }) }),
    ...Object.entries(path).map(([name, text]) => ApiParam({ name, description: text, type: String })),
    ...Object.entries(query).map(([name, about]) =>
      typeof about === 'string'
        ? ApiQuery({ name, required: required.includes(name), description: about, type: String })
        : ApiQuery({ name, required: false, enum: [...about] }),
    ),
    ...(body === undefined ? [] : [ApiBody({ schema: body })]),
    ApiResponse({ status, description: summary, schema: operation.answer }),
    ...(operation.incomplete === undefined
      ? []
      : [ApiResponse({ status: 202, description: operation.incomplete, schema: operation.answer })]),
    ...[401, 403, ...(operation.refusals ?? [])].map((refusal) =>
      ApiResponse({ status: refusal, description: REFUSALS[refusal as keyof typeof REFUSALS] }),
    ),
  ];

  function describeAll<C>(controller: Type<C>, operations: Operations<C>): void {
    for (const decorate of [ApiTags('realtime'), ApiBearerAuth()]) decorate(controller);
    for (const [method, operation] of Object.entries<Operation>(operations)) {
      const { prototype } = controller as { prototype: object };
      const descriptor = Object.getOwnPropertyDescriptor(prototype, method)!;
      for (const decorate of decorators(operation)) decorate(prototype, method, descriptor);
    }
  }

  describeAll(OperatorsController, OPERATORS);
  describeAll(OperatorActionsController, ACTIONS);
  describeAll(EventsController, EVENTS);
  describeAll(AsyncApiController, ASYNC_API);
  describeAll(TicketsController, TICKETS);
}
