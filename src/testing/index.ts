/** Tools for tests of code that uses the client. */
export { asGuest, FakeRealtimeServer, type FakeIdentity, type FakeServerOptions } from './fake-server.js';
export type { FakeCall, FakeHandlers } from './fake-commands.js';
export type { FakeConnection } from './fake-connection.js';
export type { FakeOwner } from './fake-env.js';
export type { FakeStates, FakeStatesEnv, StateSubscriber } from './fake-states.js';
export type { FakeStreamOptions, FakeStreamWriter } from './fake-stream.js';
