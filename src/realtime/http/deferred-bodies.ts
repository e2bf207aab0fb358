import { RequestMethod } from '@nestjs/common';
import type { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { safely } from '../observability/run-safely.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { readJsonBody, type BodyLimit } from './read-body.js';

/** Path of the route that publishes. */
const EVENTS = '/realtime/events';

/** Paths of the routes that read their bodies themselves, without the prefix of the application. */
const OF_EVENTS = /^\/realtime\/events$/;
const OF_COMMANDS = /^\/realtime\/commands\/[^/]+$/;
const OF_STREAMS = /^\/realtime\/stream\/[^/]+\/frames$/;

/** Metadata key of Fastify's route config, as set by `@RouteConfig()` of @nestjs/platform-fastify. */
const FASTIFY_ROUTE_CONFIG = '__fastify_route_config__';
const READS_ITS_BODY = { realtimeReadsItsBody: true };

/** Headers that are removed so that body parsers find no body. */
const BODY_HEADERS = ['content-type', 'content-length', 'transfer-encoding'] as const;

/** Original headers of requests whose body is deferred. */
const deferred = new WeakMap<IncomingMessage, IncomingHttpHeaders>();

interface FastifyRoute {
  readonly config?: object;
  onRequest?: unknown;
}

interface FastifyRequest {
  readonly raw: IncomingMessage;
  headers: IncomingHttpHeaders;
}

interface Fastify {
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
}

/** Marks a handler whose body is deferred. For Fastify. */
export function ReadsItsBody(): MethodDecorator {
  return (_target, _name, descriptor) => {
    Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG, READS_ITS_BODY, descriptor.value as object);
  };
}

/**
 * Prevents the application's body parsers from reading the bodies of events to publish, of calls and of frames. The routes read them
 * themselves, after their guards and with their own limits. Parsers and limits of the application do not change. This runs when
 * the application gets its HTTP adapter, before it adds its parsers.
 */
export function deferBodies(
  host: HttpAdapterHost,
  config: ApplicationConfig,
  { publishApi, streamApi, commands }: Pick<ResolvedRealtimeOptions, 'publishApi' | 'streamApi' | 'commands'>,
): void {
  const paths = [
    ...(publishApi ? [OF_EVENTS] : []),
    ...(streamApi ? [OF_STREAMS] : []),
    ...(commands.http ? [OF_COMMANDS] : []),
  ];
  if (paths.length === 0) return;
  // A testing module gets its adapter after its providers are created, with `createNestApplication()`.
  host.init$.subscribe(safely('The bodies of routes', () => deferWith(host.httpAdapter, config, paths)));
}

/** @param adapter `null` in a microservice */
function deferWith(
  adapter: HttpAdapterHost['httpAdapter'] | null,
  config: ApplicationConfig,
  paths: readonly RegExp[],
): void {
  if (adapter === null) return;
  switch (adapter.getType()) {
    case 'express':
      adapter.use((request: IncomingMessage, _response: unknown, next: () => void) => {
        if (request.method === 'POST' && isServed(config, pathOf(request), paths)) hideBody(request);
        next();
      });
      break;
    case 'fastify':
      adapter.getInstance<Fastify>().addHook('onRoute', deferOnFastify);
  }
}

/**
 * Reads the body of a request that the application's parsers skipped.
 * @returns the parsed body if a parser of the application read it anyway
 */
export async function bodyOf(request: object, limit: BodyLimit): Promise<unknown> {
  const { raw, body } = request as { readonly raw?: IncomingMessage; readonly body?: unknown };
  const message = deferred.has(request as IncomingMessage) || raw === undefined ? (request as IncomingMessage) : raw;
  const headers = deferred.get(message);
  if (headers === undefined || message.readableEnded) return body;
  return readJsonBody(message, headers, limit);
}

function deferOnFastify(route: FastifyRoute): void {
  if (route.config === undefined || !('realtimeReadsItsBody' in route.config)) return;
  const hide = (request: FastifyRequest, _reply: unknown, done: () => void): void => {
    deferred.set(request.raw, request.raw.headers);
    request.headers = Object.fromEntries(BODY_HEADERS.map((name) => [name, undefined]));
    done();
  };
  route.onRequest = [...[route.onRequest ?? []].flat(), hide];
}

function hideBody(request: IncomingMessage): void {
  const { headers } = request;
  deferred.set(request, headers);
  const without = { ...headers };
  for (const name of BODY_HEADERS) delete without[name];
  request.headers = without;
}

export function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0]!;
}

/** Returns the path of the route that publishes, with the prefix of the application. */
export function servedPath(config: ApplicationConfig): string {
  return prefixFor(config, EVENTS) + EVENTS;
}

/** Returns the application's prefix, unless the application excludes this path from it. */
function prefixFor(config: ApplicationConfig, path: string): string {
  const { exclude = [] } = config.getGlobalPrefixOptions();
  const isExcluded = exclude.some(
    ({ pathRegex, requestMethod }) =>
      [RequestMethod.ALL, RequestMethod.POST].includes(requestMethod) && pathRegex.test(path),
  );
  const prefix = config.getGlobalPrefix().replace(/^\/|\/$/g, '');
  return isExcluded || prefix === '' ? '' : `/${prefix}`;
}

function isServed(config: ApplicationConfig, path: string, paths: readonly RegExp[]): boolean {
  const begin = path.lastIndexOf('/realtime/');
  if (begin < 0) return false;
  const bare = path.slice(begin);
  return paths.some((own) => own.test(bare)) && path === prefixFor(config, bare) + bare;
}
