/** The client for browsers, workers, Node and React Native. Imports only the protocol. */
export { createRealtimeClient } from './client.js';
export { call, withCommands } from './commands/call.js';
export type {
  Call,
  CallArguments,
  CallOptions,
  Calls,
  InputOf,
  KnownCommand,
  OutputOf,
  ProgressOf,
  UnknownCommand,
} from './commands/types.js';
export { events } from './events.js';
export { follow, type Following } from './follow.js';
export { history, type HistoryOptions, type HistoryPage } from './history.js';
export { presenceState, type PresenceState } from './presence-state.js';
export { occupancy, watchOccupancy } from './occupancy.js';
export { serverChannels } from './server-channels.js';
export { subscribed } from './subscribed.js';
export { RealtimeError, type RealtimeErrorCode } from './errors.js';
export {
  CHANNEL_STATES,
  CLIENT_STATES,
  type ChannelCause,
  type ChannelState,
  type ClientCause,
  type ClientState,
} from './states.js';
export type { Debug, GivenToken, RealtimeClientOptions, TokenReason, TokenRequest } from './options.js';
export { viaHeader, viaQuery, viaSubprotocol } from './token-via.js';
export type { TokenVia, Transport, TransportOptions, Transports, WebSocketClass, WebSocketLike } from './web-socket.js';
export type {
  AnswerTo,
  AnswersOf,
  AnswerTypes,
  Channel,
  ChannelChange,
  ChannelListeners,
  ClientListeners,
  DataOf,
  CustomFrame,
  Identity,
  KnownChannel,
  Presence,
  RealtimeClient,
  RealtimeEvent,
  RequestFrame,
  RequestOptions,
  Reset,
  StateChange,
  Stop,
  SubscribeOptions,
  UnknownChannel,
} from './types.js';
export { userChannel } from '../protocol/channel-name.js';
export type * from '../protocol/commands.js';
export type * from '../protocol/events.js';
export type * from '../protocol/states.js';
export type { RealtimeStreamTypes } from '../protocol/stream-types.js';
export type { PlatformEvents } from '../protocol/platform-events.js';
export type { HistoryReason, PresenceMember, RecoveryReason, ServerFrame, User } from '../protocol/frames.js';
export type { Stats } from '../protocol/stats.js';
