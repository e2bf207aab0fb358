/** For the tests of those who build on the client. */
export { FakeRealtimeServer, type FakeIdentity, type FakeServerOptions } from './fake-server.js';
export type { FakeConnection } from './fake-connection.js';
