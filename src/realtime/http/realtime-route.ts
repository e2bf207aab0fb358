import { Controller, UseFilters, UseInterceptors, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { PATH_METADATA, ROUTE_ARGS_METADATA, RouteParamtypes } from '../nest/route-metadata.js';
import { DirectReply } from './direct-reply.interceptor.js';
import { RouteErrors } from './route-errors.filter.js';

/**
 * Metadata key of the {@link RealtimeRoute} on each controller and handler of the module. A global guard of the
 * application recognizes the module's routes by it: `reflector.getAllAndOverride(REALTIME_ROUTE, [context.getHandler(),
 * context.getClass()])`.
 */
export const REALTIME_ROUTE = 'nestjs-realtime:route';

/** Groups of the module's routes: the values of {@link REALTIME_ROUTE}. */
export type RealtimeRoute =
  | 'publish'
  | 'tickets'
  | 'history'
  | 'operators'
  | 'asyncapi'
  | 'console'
  | 'stream'
  | 'commands';

/** Metadata of the application for the module's routes, such as `{ isPublic: true }`. */
export type RouteMetadata = Readonly<Record<string, unknown>>;

type Handler = (this: object, ...args: unknown[]) => unknown;
type ReadArgument = (request: Readonly<Record<string, unknown>>, response: unknown) => unknown;

/**
 * Decorates a controller of the module. Its routes ignore what the application applies to all routes: they have no
 * version, pipes do not change their parameters, interceptors do not wrap their answers, and filters do not change their
 * errors. Global guards still run, and recognize the routes by {@link REALTIME_ROUTE}.
 */
export function RealtimeController(path: string, route: RealtimeRoute): ClassDecorator {
  return (target) => {
    const controller = target as unknown as Type<object>;
    for (const name of handlersOf(controller)) detachFromPipes(controller, name);
    Controller({ path, version: VERSION_NEUTRAL })(controller);
    UseFilters(RouteErrors)(controller);
    UseInterceptors(DirectReply)(controller);
    mark(controller, { [REALTIME_ROUTE]: route });
  };
}

/** Returns the group of a controller of the module, or `undefined` for any other controller. */
export function routeOf(controller: unknown): RealtimeRoute | undefined {
  if (typeof controller !== 'function') return undefined;
  return Reflect.getMetadata(REALTIME_ROUTE, controller) as RealtimeRoute | undefined;
}

/**
 * Returns a subclass of the controller with the metadata of one application, so that other applications in this process
 * are not affected.
 */
export function withRouteMetadata<T extends object>(controller: Type<T>, metadata: RouteMetadata): Type<T> {
  if (Object.keys(metadata).length === 0) return controller;
  const { name } = controller;
  const Marked = { [name]: class extends (controller as Type<object>) {} }[name] as Type<T>;
  for (const handler of handlersOf(controller)) {
    const inherited = (controller.prototype as Record<string, Handler>)[handler]!;
    replaceHandler(Marked, handler, inherited, function (this: object, ...args) {
      return inherited.apply(this, args);
    });
  }
  mark(Marked, metadata);
  return Marked;
}

function mark(controller: Type<object>, metadata: RouteMetadata): void {
  const prototype = controller.prototype as Record<string, Handler>;
  const targets = [controller, ...handlersOf(controller).map((name) => prototype[name]!)];
  for (const target of targets) {
    for (const [key, value] of Object.entries(metadata)) Reflect.defineMetadata(key, value, target);
  }
}

/** Returns the names of methods that serve a route, including inherited ones. */
export function handlersOf(controller: Type<object>): string[] {
  const names = new Set<string>();
  for (let prototype = controller.prototype as object; prototype !== Object.prototype;) {
    for (const name of Object.getOwnPropertyNames(prototype)) names.add(name);
    prototype = Object.getPrototypeOf(prototype) as object;
  }
  const prototype = controller.prototype as Record<string, unknown>;
  return [...names].filter((name) => {
    const method = prototype[name];
    return name !== 'constructor' && typeof method === 'function' && Reflect.hasMetadata(PATH_METADATA, method);
  });
}

/**
 * Makes a handler read its arguments from the request, so that pipes do not change them. Tells Nest that {@link
 * DirectReply} sends the response, so that Nest ignores the result of interceptors.
 */
function detachFromPipes(controller: Type<object>, name: string): void {
  const handler = (controller.prototype as Record<string, Handler>)[name]!;
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<
    string,
    { index: number; data?: string }
  >;
  const readers: ReadArgument[] = [];
  for (const [key, { index, data }] of Object.entries(parameters))
    readers[index] = readerOf(Number(key.split(':')[0]), data);
  replaceHandler(controller, name, handler, function (this: object, request, response) {
    return handler.apply(
      this,
      readers.map((read) => read(request as Record<string, unknown>, response)),
    );
  });
  const { REQUEST, RESPONSE } = RouteParamtypes;
  const standalone = Object.fromEntries(
    [REQUEST, RESPONSE].map((type, index) => [`${type}:${index}`, { index, pipes: [] }]),
  );
  Reflect.defineMetadata(ROUTE_ARGS_METADATA, standalone, controller, name);
}

const READ_FROM: { readonly [Kind in RouteParamtypes]?: string } = {
  [RouteParamtypes.PARAM]: 'params',
  [RouteParamtypes.QUERY]: 'query',
};

function readerOf(type: RouteParamtypes, name: string | undefined): ReadArgument {
  if (type === RouteParamtypes.REQUEST) return (request) => request;
  if (type === RouteParamtypes.RESPONSE) return (_request, response) => response;
  const field = READ_FROM[type];
  if (field === undefined) throw new Error('A route of the module takes @Req(), @Res(), @Param() and @Query() only');
  return (request) => {
    const values = request[field] as Readonly<Record<string, unknown>>;
    return name === undefined ? values : values[name];
  };
}

/** Replaces a method. The new method inherits the metadata of the old one, even if it is defined later. */
function replaceHandler(controller: Type<object>, name: string, old: Handler, handler: Handler): void {
  Object.setPrototypeOf(handler, old);
  Object.defineProperty(handler, 'name', { value: name });
  Object.defineProperty(controller.prototype, name, { value: handler, writable: true, configurable: true });
}
