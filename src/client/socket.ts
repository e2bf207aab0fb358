/** Which way the token travels. */
export type TokenVia = 'in-band' | 'query' | 'subprotocol' | 'header';

/** As much of a WebSocket as the client uses: a browser's, `ws`'s, React Native's and Node's have it. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** A class of WebSockets. */
export type WebSocketClass = new (url: string, protocols?: string | string[]) => WebSocketLike;

type WithHeaders = new (
  url: string,
  protocols: string[],
  options: { headers: Readonly<Record<string, string>> },
) => WebSocketLike;

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

/** The subprotocol of the wire: offered beside a token, so that the server does not echo the token. */
const SUBPROTOCOL = 'realtime.v1';

export interface SocketListeners {
  opened(): void;
  /** Text of one frame. */
  received(text: string): void;
  /** Once, and nothing after it. `retryAfterMs` where the upgrade was refused with `Retry-After` and one can see it. */
  ended(code: number, reason: string, retryAfterMs?: number): void;
}

/** How to open a socket. */
export interface Dialling {
  readonly url: string;
  readonly tokenVia: TokenVia;
  readonly WebSocket: WebSocketClass;
}

/** Opens a socket, the token on its way where it goes along. @throws what the WebSocket throws, as of a bad URL */
export function openSocket(
  { url, tokenVia, WebSocket }: Dialling,
  token: string | null,
  on: SocketListeners,
): WebSocketLike {
  const socket = dial(url, token === null ? 'in-band' : tokenVia, token ?? '', WebSocket);
  let over = false;
  const end = (code: number, reason: string, retryAfterMs?: number): void => {
    if (over) return;
    over = true;
    on.ended(code, reason, retryAfterMs);
  };
  socket.onopen = () => on.opened();
  socket.onmessage = ({ data }: { data: unknown }) => {
    if (!over) on.received(String(data));
  };
  socket.onerror = () => undefined; // `onclose` follows, and says as much
  socket.onclose = ({ code, reason }: { code: number; reason?: string }) => end(code, reason ?? '');
  (socket as TellsRefusals).on?.('unexpected-response', (request, { statusCode, headers }) => {
    request.destroy();
    const seconds = Number(headers['retry-after'] ?? Number.NaN);
    end(1006, `the server answered ${statusCode}`, seconds >= 0 ? seconds * 1000 : undefined);
  });
  return socket;
}

function dial(url: string, tokenVia: TokenVia, token: string, WebSocket: WebSocketClass): WebSocketLike {
  switch (tokenVia) {
    case 'query':
      return new WebSocket(`${url}${url.includes('?') ? '&' : '?'}token=${encodeURIComponent(token)}`);
    case 'subprotocol':
      return new WebSocket(url, [SUBPROTOCOL, `token-${token}`]);
    case 'header':
      return new (WebSocket as WithHeaders)(url, [], { headers: { Authorization: `Bearer ${token}` } });
    case 'in-band':
      return new WebSocket(url);
  }
}
