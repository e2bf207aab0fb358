import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Server } from 'node:net';
import { safely } from '../observability/run-safely.js';

/** Request and response of Node. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface FastifyReply {
  hijack(): unknown;
  getHeaders(): Readonly<Record<string, number | string | string[] | undefined>>;
  readonly raw: ServerResponse;
}

/** Request of Express, or request of Fastify, which contains that of Node. */
export type FrameworkRequest = IncomingMessage & { readonly raw?: IncomingMessage };
/** Response of Express, or reply of Fastify, which contains the response of Node. */
export type FrameworkResponse = ServerResponse | FastifyReply;

/** Returns the request and the response of Node. */
export function exchangeOf(request: FrameworkRequest, response: FrameworkResponse): Exchange {
  return { request: request.raw ?? request, response: 'hijack' in response ? response.raw : response };
}

/** Takes a response over from the framework. Headers that the application has set are kept. */
export function takeOver(response: FrameworkResponse): void {
  if (!('hijack' in response)) return;
  response.hijack();
  for (const [name, value] of Object.entries(response.getHeaders())) {
    if (value !== undefined && !response.raw.hasHeader(name)) response.raw.setHeader(name, value);
  }
}

/** Returns true if the client is an `EventSource`: it reads no statuses, and ends for good with any other than 200. */
export function isEventSource({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const { accept = '' } = headers;
  const isOwnClient = headers['x-realtime-client'] !== undefined;
  return !isOwnClient && accept.includes('text/event-stream') && !accept.includes('application/json');
}

/** Returns true if the client has left: its response will not emit `close` any more. */
export function hasEnded({ request, response }: Exchange): boolean {
  if (request.httpVersionMajor === 1) return response.closed || response.destroyed || request.socket.destroyed;
  const { stream } = request as unknown as Pick<Http2ServerRequest, 'stream'>;
  return stream.destroyed;
}

/**
 * Makes a response emit `close` when its connection ends while the response waits behind an earlier one: HTTP/1.1 allows several
 * requests at once, and Node reports the end only to the response that it sends.
 */
export function reportEnd({ request, response }: Exchange): void {
  if (request.httpVersionMajor !== 1 || response.socket !== null) return;
  const { socket } = request;
  const end = safely('The end of a response that waits', () => {
    if (response.socket !== null || response.writableFinished) return;
    response.destroy();
    response.emit('close');
  });
  socket.setMaxListeners(socket.getMaxListeners() + 1);
  socket.once('close', end);
  response.once(
    'close',
    safely('The end of a response', () => socket.off('close', end)),
  );
}

/** Ends the HTTP/2 session of a request after its open streams, so that the client opens the next one elsewhere. */
export function endSession(request: IncomingMessage): void {
  const { stream } = request as unknown as Partial<Pick<Http2ServerRequest, 'stream'>>;
  stream?.session?.close();
}

/** Returns true if the server of a request listens on a Unix socket. */
export function isOfUnixSocket({ socket }: Pick<IncomingMessage, 'socket'>): boolean {
  const { server } = socket as { readonly server?: Server };
  return typeof server?.address() === 'string';
}
