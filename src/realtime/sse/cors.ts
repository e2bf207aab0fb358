import type { IncomingMessage, ServerResponse } from 'node:http';

/** Request headers that a page of another origin can send. */
const REQUEST_HEADERS = 'authorization, content-type, last-event-id, x-realtime-client';
/** Time for which a browser keeps the answer to a preflight request, in seconds. */
const PREFLIGHT_SECONDS = 7_200;

/** Lets a page of an allowed origin read the response. */
export function allowOrigin({ headers }: Pick<IncomingMessage, 'headers'>, response: ServerResponse): void {
  const { origin } = headers;
  if (origin === undefined) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', 'Retry-After');
  const vary = response.getHeader('Vary');
  response.setHeader('Vary', vary === undefined ? 'Origin' : `${String(vary)}, Origin`);
}

/** Answers the preflight request of an allowed origin. */
export function allowRequests(request: Pick<IncomingMessage, 'headers'>, response: ServerResponse): void {
  allowOrigin(request, response);
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST');
  response.setHeader('Access-Control-Allow-Headers', REQUEST_HEADERS);
  response.setHeader('Access-Control-Max-Age', String(PREFLIGHT_SECONDS));
}
