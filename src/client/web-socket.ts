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

/** A transport beside the WebSocket, such as that of `sse()`. */
export interface Transport {
  /** Replaces the `WebSocket` of a client's options by a class that also uses this transport. Called by `createRealtimeClient`. */
  installTransport(options: TransportOptions): void;
}

/** The options of a client that a transport reads and replaces. */
export interface TransportOptions {
  WebSocket?: WebSocketClass | undefined;
  readonly transports?: Transports | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Transports of a client, in the order in which it tries them. */
export type Transports = readonly ('websocket' | Transport)[];

/** Opens a socket that sends the token with the upgrade. */
export type TokenVia = (WebSocket: WebSocketClass, url: string, token: string) => WebSocketLike;
