/** As much of a WebSocket as the client uses: a browser's, `ws`'s, React Native's and Node's have it. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Set by the client on a socket for which it has no token; shared sockets look at it. */
  isAnonymous?: boolean;
}

/** A class of WebSockets. */
export type WebSocketClass = new (url: string, protocols?: string | string[]) => WebSocketLike;

/** Which way the token travels, where it goes along with the upgrade: opens a socket with it. */
export type TokenVia = (WebSocket: WebSocketClass, url: string, token: string) => WebSocketLike;
