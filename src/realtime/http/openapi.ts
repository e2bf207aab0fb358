import type { Type } from '@nestjs/common';
import { AsyncApiController } from './asyncapi.controller.js';
import { CommandsController } from './commands.controller.js';
import { ConsoleController } from './console.controller.js';
import { operationOf, REFUSALS, type Operation } from './documented.js';
import { EventsController } from './events.controller.js';
import { OperatorActionsController } from './operator-actions.controller.js';
import { OperatorStatesController } from './operator-states.controller.js';
import { OperatorsController } from './operators.controller.js';
import { handlersOf } from './realtime-route.js';
import {
  apiBody,
  apiOperation,
  apiPathParameter,
  apiQueryParameter,
  apiResponse,
  describeController,
  excludeController,
  excludeOperation,
} from './swagger-metadata.js';
import { TicketsController } from './tickets.controller.js';

const DOCUMENTED: readonly Type<object>[] = [
  ...[OperatorsController, OperatorActionsController, OperatorStatesController],
  ...[EventsController, AsyncApiController, TicketsController],
  CommandsController,
];

let described = false;

/**
 * Describes the module's routes for `@nestjs/swagger`, in case the application builds a document. The package itself is
 * not loaded.
 * @param others controllers of other folders
 */
export function describeRoutes(...others: readonly Type<object>[]): void {
  if (described) return;
  described = true;
  excludeController(ConsoleController); // an HTML page, not an API
  for (const controller of [...DOCUMENTED, ...others]) {
    describeController(controller, 'realtime');
    const { prototype } = controller as { prototype: object };
    for (const name of handlersOf(controller)) {
      const handler = Object.getOwnPropertyDescriptor(prototype, name)!.value as () => unknown;
      const operation = operationOf(handler);
      if (operation === null) excludeOperation(handler);
      else describeOperation(handler, operation);
    }
  }
}

function describeOperation(
  handler: () => unknown,
  { summary, description, query = {}, required = [], path = {}, body, status = 200, answer, ...rest }: Operation,
): void {
  apiOperation(handler, { summary, ...(description !== undefined && { description }) });
  for (const [name, text] of Object.entries(path)) apiPathParameter(handler, name, text);
  for (const [name, about] of Object.entries(query)) {
    apiQueryParameter(handler, name, about, typeof about === 'string' && required.includes(name));
  }
  if (body !== undefined) apiBody(handler, body);
  const content = answer === undefined ? {} : { schema: answer };
  apiResponse(handler, { status, description: summary, ...content });
  if (rest.incomplete !== undefined) apiResponse(handler, { status: 202, description: rest.incomplete, ...content });
  for (const refusal of [401, 403, ...(rest.refusals ?? [])] as (keyof typeof REFUSALS)[]) {
    apiResponse(handler, { status: refusal, description: REFUSALS[refusal] });
  }
}
