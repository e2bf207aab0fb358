/** The wire protocol, shared by server and clients. */
export * from './channel-name.js';
export * from './codec.js';
export * from './codes.js';
export * from './command-frames.js';
export * from './commands.js';
export * from './connection-id.js';
export type * from './states.js';
export type * from './stream-types.js';
export * from './event-text.js';
export * from './events.js';
export type { PlatformEvents } from './platform-events.js';
export * from './frames.js';
export * from './live.js';
export * from './position.js';
export * from './protocol-error.js';
export * from './state-patch.js';
export { isCallId, MAX_HISTORY_EVENTS, MAX_REF_LENGTH } from './request-fields.js';
export {
  HISTORY_LIMIT,
  isPresenceJson,
  MAX_COMMAND_LENGTH,
  MAX_PRESENCE_BYTES,
  REQUEST_TYPES,
  type ClientRequest,
  type RequestType,
} from './requests.js';
export * from './stats.js';
export * from './streams.js';
