import type { OperatorAction, OperatorRead } from '../gateway/audit/realtime-audit.js';
import type { Accepted } from './direct-reply.interceptor.js';
import type { Shape } from './shape.js';

/** Query parameters: a description of each, or the list of allowed values. */
export type ParameterTexts = Readonly<Record<string, string | readonly string[]>>;

/** A route, for OpenAPI documents. */
export interface Operation<T = unknown> {
  readonly summary: string;
  readonly description?: string;
  readonly query?: ParameterTexts;
  /** Required query parameters. */
  readonly required?: readonly string[];
  readonly path?: Readonly<Record<string, string>>;
  readonly body?: Shape<unknown>;
  readonly status?: number;
  /** The answer; absent if it is not JSON. */
  readonly answer?: Shape<T>;
  /** The meaning of status 202 with the same answer. */
  readonly incomplete?: string;
  /** Error statuses in addition to 401 and 403. */
  readonly refusals?: readonly (keyof typeof REFUSALS)[];
}

export const REFUSALS = {
  400: 'A parameter or the body is wrong; the message says which',
  401: 'No valid token',
  403: 'Only administrators can do this',
  404: 'Not found, or the option `operatorApi` is off',
  409: 'The user has too many subscriptions by the server',
  429: 'Too many requests within a minute',
  503: 'Redis is unavailable, an instance did not answer, or this one is shutting down: try again',
} as const;

const OPERATION = 'nestjs-realtime:operation';

type HandlerOf<T> = (...args: never[]) => T | Accepted | Promise<T | Accepted>;

/** Describes a route for OpenAPI documents. The compiler compares the handler's result with the shape of the answer. */
export function Documented<T>(operation: Operation<T>) {
  return <H extends HandlerOf<T>>(_controller: object, _name: string, descriptor: TypedPropertyDescriptor<H>): void =>
    Reflect.defineMetadata(OPERATION, operation, descriptor.value!);
}

/** Leaves a route out of OpenAPI documents. */
export function Undocumented(): MethodDecorator {
  return (_controller, _name, descriptor) => Reflect.defineMetadata(OPERATION, null, descriptor.value as object);
}

/**
 * Describes a route of the operator API, as {@link Documented} does. The name of the handler is the name of the call in the
 * audit log: the compiler refuses another one.
 */
export function Audited<T>(operation: Operation<T>) {
  return <H extends HandlerOf<T>>(
    controller: object,
    name: OperatorRead | OperatorAction,
    descriptor: TypedPropertyDescriptor<H>,
  ): void => Documented(operation)(controller, name, descriptor);
}

/** Returns the description of a route; `null` if it is left out. @throws Error if it has none */
export function operationOf(handler: (...args: unknown[]) => unknown): Operation | null {
  const operation = Reflect.getMetadata(OPERATION, handler) as Operation | null | undefined;
  if (operation === undefined) throw new Error(`The route ${handler.name} has no description: add @Documented`);
  return operation;
}
