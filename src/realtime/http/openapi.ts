import type { Type } from '@nestjs/common';
import { AsyncApiController } from './asyncapi.controller.js';
import { ConsoleController } from './console.controller.js';
import { operationOf, REFUSALS, type Operation } from './documented.js';
import { EventsController } from './events.controller.js';
import { OperatorActionsController } from './operator-actions.controller.js';
import { OperatorsController } from './operators.controller.js';
import { handlersOf } from './realtime-route.js';
import type { Shape } from './shape.js';
import { TicketsController } from './tickets.controller.js';

const DOCUMENTED: readonly Type<object>[] = [
  ...[OperatorsController, OperatorActionsController, EventsController, AsyncApiController, TicketsController],
];

const schemaOf = (shape: Shape<unknown>): object => shape;

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
    answer,
    ...operation
  }: Operation) => [
    ApiOperation({ summary, ...(description !== undefined && { description }) }),
    ...Object.entries(path).map(([name, text]) => ApiParam({ name, description: text, type: String })),
    ...Object.entries(query).map(([name, about]) =>
      typeof about === 'string'
        ? ApiQuery({ name, required: required.includes(name), description: about, type: String })
        : ApiQuery({ name, required: false, enum: [...about] }),
    ),
    ...(body === undefined ? [] : [ApiBody({ schema: schemaOf(body) })]),
    ApiResponse({ status, description: summary, schema: schemaOf(answer) }),
    ...(operation.incomplete === undefined
      ? []
      : [ApiResponse({ status: 202, description: operation.incomplete, schema: schemaOf(answer) })]),
    ...[401, 403, ...(operation.refusals ?? [])].map((refusal) =>
      ApiResponse({ status: refusal, description: REFUSALS[refusal as keyof typeof REFUSALS] }),
    ),
  ];

  for (const controller of DOCUMENTED) {
    for (const decorate of [ApiTags('realtime'), ApiBearerAuth()]) decorate(controller);
    const { prototype } = controller as { prototype: object };
    for (const name of handlersOf(controller)) {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
      for (const decorate of decorators(operationOf(descriptor.value as () => unknown))) {
        decorate(prototype, name, descriptor);
      }
    }
  }
}
