/** One connection for all tabs of a browser. A separate entry point keeps it out of pages that do not use it. */
export { sharedWebSocket, type SharedWebSocketOptions } from './shared-web-socket.js';
