/** Tools for tests of code that uses the client. */
export { FakeRealtimeServer, type FakeIdentity, type FakeServerOptions } from './fake-server.js';
export type { FakeConnection } from './fake-connection.js';
