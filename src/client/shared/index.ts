/** One connection for all tabs of a browser: an entry of its own, so that it is in no page that does not ask for it. */
export { sharedWebSocket, type SharedWebSocketOptions } from './shared-web-socket.js';
