import type { TokenVia, WebSocketClass, WebSocketLike } from './web-socket.js';

/** Event of `ws` that browsers lack: the response to a refused upgrade. */
interface ReportsRefusals {
  on?(
    name: 'unexpected-response',
    listener: (
      request: { destroy(): void },
      response: { statusCode?: number; headers: { 'retry-after'?: string; date?: string } },
    ) => void,
  ): unknown;
}

/** Options for opening a socket. */
export interface ConnectOptions {
  readonly url: string;
  /** Sends the token with the upgrade; otherwise it is sent in band. */
  readonly tokenVia: TokenVia | undefined;
  readonly WebSocket: WebSocketClass;
}

/** The end of a socket. */
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
 * @throws the error of the WebSocket constructor, for example for an invalid URL
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
  socket.onerror = () => undefined; // `onclose` follows with the details
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
 * Converts `Retry-After` (seconds or an HTTP date) to milliseconds, plus a random second, because all clients get the
 * same value.
 * @param date the server's clock, because the local one can be wrong
 * @returns NaN for an invalid header
 */
export function retryAfter(header: string | undefined, date = ''): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  const ms = seconds >= 0 ? seconds * 1_000 : Date.parse(header) - (Date.parse(date) || Date.now());
  return Math.max(ms, 0) + Math.random() * 1_000;
}
