import { ERROR_CODES, type ErrorCode } from '../../protocol/index.js';
import type { HttpRefusal } from '../gateway/connection-admission.js';
import type { Refusal } from '../gateway/handshake-authenticator.js';
import { isEventSource, type Exchange } from './stream-client.js';

/** Refusal of a stream. */
export interface StreamRefusal {
  readonly status: number;
  /** A sentence for the client. */
  readonly message: string;
  /** The code of the `error` frame that a WebSocket would get. */
  readonly code?: ErrorCode;
  /** Set if the client can try again later. */
  readonly retryAfterSeconds?: number;
}

const RETRY_SECONDS = 2;
/** A user with too many connections has to end one of them first. */
const TOO_MANY_RETRY_SECONDS = 30;

const STATUSES: { readonly [C in ErrorCode]?: number } = {
  token_invalid: 401,
  token_expired: 401,
  auth_required: 401,
  forbidden: 403,
};

export const FOREIGN_ORIGIN = 'The origin of the page is not allowed (option `origins`)';

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'The token was refused: send another one',
  403: FOREIGN_ORIGIN,
  503: 'Temporarily unavailable: try again',
};

/** Returns the refusal of a client that authenticated wrongly, or that exceeds a limit. */
export function refusalOf(refused: Refusal | HttpRefusal): StreamRefusal {
  if ('status' in refused) {
    const status = Number(refused.status.slice(0, 3));
    const { 'Retry-After': seconds } = refused.headers ?? {};
    const message = MESSAGES[status] ?? refused.status;
    return { status, message, ...(seconds !== undefined && { retryAfterSeconds: Number(seconds) }) };
  }
  const { code, close, message = ERROR_CODES[code].message } = refused;
  if (close === 'tooManyConnections') return { status: 429, message, code, retryAfterSeconds: TOO_MANY_RETRY_SECONDS };
  const status = STATUSES[code];
  return status === undefined
    ? { status: 503, message, code, retryAfterSeconds: RETRY_SECONDS }
    : { status, message, code };
}

/**
 * Refuses a stream with an HTTP status and a sentence. An `EventSource` never reconnects after a status other than 200. So a
 * temporary refusal sends it a stream that ends at once and names the time to reconnect. A final refusal of a reconnect is 204,
 * after which it stays closed.
 */
export function refuseStream(exchange: Exchange, refusal: StreamRefusal): void {
  const { request, response } = exchange;
  const { status, message, code, retryAfterSeconds } = refusal;
  if (request.httpVersionMajor === 1) response.setHeader('Connection', 'close');
  response.setHeader('Cache-Control', 'no-store');
  if (isEventSource(request) && retryAfterSeconds !== undefined) {
    const retryMs = Math.ceil(retryAfterSeconds * 1_000 * (1 + Math.random()));
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.end(`: ${message}\n\nretry: ${retryMs}\n\n`);
    return;
  }
  if (isEventSource(request) && request.headers['last-event-id'] !== undefined && (status === 401 || status === 403)) {
    response.writeHead(204).end();
    return;
  }
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
  const body = JSON.stringify({ statusCode: status, message, code });
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}
