/** The wire protocol, shared by server and clients. */
export * from './channel-name.js';
export * from './codec.js';
export * from './codes.js';
export * from './commands.js';
export * from './connection-id.js';
export * from './event-text.js';
export * from './events.js';
export type { PlatformEvents } from './platform-events.js';
export * from './frames.js';
export * from './position.js';
export * from './protocol-error.js';
