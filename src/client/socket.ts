import type { TokenVia, WebSocketClass, WebSocketLike } from './web-socket.js';

/** The one thing that `ws` has and a browser has not: how an upgrade was refused. */
interface TellsRefusals {
  on?(
    name: 'unexpected-response',
    listener: (
      request: { destroy(): void },
      response: { statusCode?: number; headers: { 'retry-after'?: string } },
    ) => void,
  ): unknown;
}

/** How to open a socket. */
export interface Dialling {
  readonly url: string;
  /** Where the token goes along; otherwise it is brought in band. */
  readonly tokenVia: TokenVia | undefined;
  readonly WebSocket: WebSocketClass;
}

/**
 * Opens a socket, the token on its way where it goes along.
 * @param closed may be called again; `retryInMs` where the upgrade was refused with `Retry-After` and one can see it
 * @throws what the WebSocket throws, as of a bad URL
 */
export function openSocket(
  { url, tokenVia, WebSocket }: Dialling,
  token: string | null,
  opened: () => void,
  received: (text: string) => void,
  closed: (code: number, reason?: string, retryInMs?: number) => void,
): WebSocketLike {
  const socket = token === null || tokenVia === undefined ? new WebSocket(url) : tokenVia(WebSocket, url, token);
  socket.onopen = opened;
  socket.onmessage = ({ data }: { data: unknown }) => received(String(data));
  socket.onerror = () => undefined; // `onclose` follows, and says as much
  socket.onclose = ({ code, reason }: { code: number; reason?: string }) => closed(code, reason);
  (socket as TellsRefusals).on?.('unexpected-response', (request, { statusCode, headers }) => {
    request.destroy();
    // Everybody is told the same: not all at once.
    const ms = (Number(headers['retry-after']) + Math.random()) * 1000;
    closed(1006, `HTTP ${statusCode}`, ms >= 0 ? ms : undefined);
  });
  return socket;
}
