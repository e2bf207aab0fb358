import { SUBPROTOCOL } from '../protocol/frames.js';
import type { TokenVia, WebSocketLike } from './web-socket.js';

type WithHeaders = new (
  url: string,
  protocols: string[],
  options: { headers: Readonly<Record<string, string>> },
) => WebSocketLike;

/** Sends the token in the URL, `?token=…`. It will appear in logs of proxies. */
export const viaQuery: TokenVia = (WebSocket, url, token) =>
  new WebSocket(`${url}${url.includes('?') ? '&' : '?'}token=${encodeURIComponent(token)}`);

/** Sends the token as a subprotocol, `token-…`. */
export const viaSubprotocol: TokenVia = (WebSocket, url, token) => new WebSocket(url, [SUBPROTOCOL, `token-${token}`]);

/**
 * Sends the token in the header `Authorization: Bearer …`. Requires a `WebSocket` that accepts headers as its third
 * argument, such as that of `ws` or React Native. A browser's ignores them and would connect without a token.
 */
export const viaHeader: TokenVia = (WebSocket, url, token) =>
  new (WebSocket as WithHeaders)(url, [], { headers: { Authorization: `Bearer ${token}` } });
