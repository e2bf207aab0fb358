import { SUBPROTOCOL } from '../protocol/frames.js';
import type { TokenVia, WebSocketLike } from './web-socket.js';

type WithHeaders = new (
  url: string,
  protocols: string[],
  options: { headers: Readonly<Record<string, string>> },
) => WebSocketLike;

/** In the URL, `?token=…`: it will stand in logs of proxies. */
export const viaQuery: TokenVia = (WebSocket, url, token) =>
  new WebSocket(`${url}${url.includes('?') ? '&' : '?'}token=${encodeURIComponent(token)}`);

/** As a subprotocol, `token-…`. */
export const viaSubprotocol: TokenVia = (WebSocket, url, token) => new WebSocket(url, [SUBPROTOCOL, `token-${token}`]);

/**
 * In the header `Authorization: Bearer …`: only with a `WebSocket` that takes headers as its third argument, such as that of
 * `ws` or React Native. A browser's takes none, and would connect without a token.
 */
export const viaHeader: TokenVia = (WebSocket, url, token) =>
  new (WebSocket as WithHeaders)(url, [], { headers: { Authorization: `Bearer ${token}` } });
