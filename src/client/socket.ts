import type { TokenVia, WebSocketClass, WebSocketLike } from './web-socket.js';

/** What `ws` has and a browser does not have: how an upgrade was refused. */
interface ReportsRefusals {
  on?(
    name: 'unexpected-response',
    listener: (
      request: { destroy(): void },
      response: { statusCode?: number; headers: { 'retry-after'?: string; date?: string } },
    ) => void,
  ): unknown;
}

/** How to open a socket. */
export interface ConnectOptions {
  readonly url: string;
  /** Sends the token with the upgrade; otherwise it is sent in band. */
  readonly tokenVia: TokenVia | undefined;
  readonly WebSocket: WebSocketClass;
}

/** How a socket was closed. */
export interface SocketEnd {
  readonly code: number;
  readonly reason?: string | undefined;
  /** The HTTP status of a refused upgrade, if it is visible. */
  readonly status?: number | undefined;
  /** `Retry-After` of a refused upgrade, if it is visible, in milliseconds. */
  readonly retryInMs?: number | undefined;
}

/**
 * Opens a socket.
 * @param closed can be called more than once
 * @throws what the WebSocket throws, as for a bad URL
 */
export function openSocket(
  { url, tokenVia, WebSocket }: ConnectOptions,
  token: string | null,
  opened: () => void,
  received: (text: string) => void,
  closed: (how: SocketEnd) => void,
): WebSocketLike {
  const socket = token === null || tokenVia === undefined ? new WebSocket(url) : tokenVia(WebSocket, url, token);
  socket.isAnonymous = token === null;
  socket.onopen = opened;
  socket.onmessage = ({ data }: { data: unknown }) => received(String(data));
  socket.onerror = () => undefined; // `onclose` follows, and says as much
  socket.onclose = closed;
  (socket as ReportsRefusals).on?.('unexpected-response', (request, { statusCode: status, headers }) => {
    request.destroy();
    closed({
      code: 1006,
      reason: `HTTP ${status}`,
      status,
      retryInMs: retryAfter(headers['retry-after'], headers.date),
    });
  });
  return socket;
}

/**
 * A `Retry-After`, in seconds or as an HTTP date, in milliseconds; spread over a second, as all clients get the same.
 * @param date the server's clock, for ours can be wrong
 * @returns NaN for a header that is neither
 */
function retryAfter(header: string | undefined, date = ''): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - (Date.parse(date) || Date.now()) : seconds * 1_000;
  return Math.max(ms, 0) + Math.random() * 1_000;
}
