/** The members of a WebSocket that the client uses. Browsers, `ws`, React Native and Node have them. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Set by the client on a socket without a token; shared sockets read it. */
  isAnonymous?: boolean;
}

/** A class of WebSockets. */
export type WebSocketClass = new (url: string, protocols?: string | string[]) => WebSocketLike;

/** Opens a socket that sends the token with the upgrade. */
export type TokenVia = (WebSocket: WebSocketClass, url: string, token: string) => WebSocketLike;
