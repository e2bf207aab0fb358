import type { WebSocket } from 'ws';
import type { Connection } from '../../src/realtime/connections/connection.js';

/** Returns the server's side of a connection over `ws`. */
export function webSocketOf({ transport }: Connection): WebSocket {
  return (transport as unknown as { webSocket: WebSocket }).webSocket;
}
