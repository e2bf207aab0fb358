/**
 * The frames of the protocol: JSON objects in text frames. `ClientFrame` is sent by a client, `ServerFrame` by the
 * server. Every server frame except `stream` carries `timestamp` (ISO 8601, UTC, milliseconds).
 */
import type { ErrorCode } from './codes.js';
import type { CommandRequestFrame, CommandSupport, ProgressFrame, ResultFrame } from './command-frames.js';
import type { LiveFrame } from './live.js';
import type { Stats } from './stats.js';
import type { StreamCancelFrame, StreamCancelledFrame, StreamFrame, StreamFrom, StreamInfo } from './streams.js';

/**
 * The WebSocket subprotocol. A client that sends its token as a subprotocol offers this one too: the server selects it,
 * so the token is not echoed.
 */
export const SUBPROTOCOL = 'realtime.v1';

/** One channel of a `subscribe` frame. */
export interface SubscribeTarget {
  readonly channel: string;
  /** Id of the last event that the client received; the replay starts after it. */
  readonly lastEventId?: string;
  /** Also sends the presence of the channel, and its changes. */
  readonly presence?: boolean;
  /** Number of kept events to send first, from 1; at most 1,000. With `lastEventId`: only if the resume is incomplete. */
  readonly last?: number;
  /** On a live resource: also sends its state, and again whenever patches were lost. */
  readonly state?: boolean;
  /** Required on a channel that is a stream: the place from which the client reads it. */
  readonly stream?: StreamFrom;
}

/** Features of this server beyond the first version of the protocol. A client ignores names that it does not know. */
export const FEATURES: readonly string[] = [
  'history',
  'rewind',
  'presence_state',
  'except',
  'occupancy',
  'server_subscriptions',
];

/** The client that subscribes. */
export interface FromClient {
  /**
   * Id of an earlier connection of this client. Events that were emitted with `except` for that id are not delivered to this
   * connection either. @default only those for the id of this connection
   */
  readonly connectionId?: string;
}

interface Request {
  /** At most 64 characters. The answer carries the same `ref`. */
  readonly ref?: string;
}

/** Frame that a client sends, as JSON. See docs/PROTOCOL.md. */
export type ClientFrame =
  | ({ readonly type: 'subscribe' } & SubscribeTarget & FromClient & Request)
  | ({ readonly type: 'subscribe'; readonly channels: readonly (string | SubscribeTarget)[] } & FromClient & Request)
  | ({ readonly type: 'unsubscribe'; readonly channel: string } & Request)
  | ({ readonly type: 'unsubscribe'; readonly channels: readonly string[] } & Request)
  | ({ readonly type: 'ping' } & Request)
  | ({ readonly type: 'list_channels' } & Request)
  | ({ readonly type: 'stats' } & Request)
  | ({ readonly type: 'auth'; readonly token: string } & Request)
  | ({ readonly type: 'presence'; readonly channel: string } & Request)
  | ({ readonly type: 'history'; readonly channel: string } & HistoryRange & Request)
  | ({
      readonly type: 'presence_update';
      readonly channel: string;
      /** Any JSON of at most 1,024 bytes, for the members of the channel; `null` removes the state. */
      readonly state: unknown;
      /** Time since the client set this state, in milliseconds, if it sends it again. @default 0 */
      readonly ageMs?: number;
    } & Request)
  | ({
      readonly type: 'occupancy';
      readonly channel: string;
      /** Also sends each later count, until the subscription ends. @default false */
      readonly watch?: boolean;
    } & Request)
  | (CommandRequestFrame & Request)
  | (StreamCancelFrame & Request);

/** Part of a history that a client asks for. */
export interface HistoryRange {
  /** Maximum number of events, from 1; at most 1,000. @default 50 */
  readonly limit?: number;
  /** Id of an event: the page ends directly before it. @default the last event */
  readonly before?: string;
}

/** User of a connection. */
export interface User {
  readonly userId: string;
  readonly email: string | null;
  readonly role: string;
}

/** Reasons why a resume is incomplete, or why a connected client lost continuity. */
export const RECOVERY_REASONS = [
  'expired',
  'unknown_epoch',
  'rewound',
  'unproven',
  'too_many',
  'no_history',
  'already_subscribed',
  'replay_limit',
] as const;
export type RecoveryReason = (typeof RECOVERY_REASONS)[number];

/** Reason why a page of a history is empty, although events may have been emitted. */
export type HistoryReason = Extract<RecoveryReason, 'unknown_epoch' | 'no_history'>;

/** Reason why the server ended a subscription: the user lost access, the access check took too long, or the application ended it. */
export type EndReason = 'access_revoked' | 'unavailable' | 'by_server';

/** One invalid field of a frame. `field` is `""` for the frame as a whole. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** A user who is present in a channel, with the number of connections. */
export interface PresenceMember<Info = unknown, State = unknown> {
  readonly userId: string;
  readonly connections: number;
  /** Info from the application's policy, which clients can trust. */
  readonly info?: Info;
  /** State that the user set last, on any connection. Absent if there is none. */
  readonly state?: State;
}

interface Answer {
  readonly ref?: string;
  readonly timestamp: string;
}

/** One event. */
export interface EventFrame {
  readonly type: 'event';
  readonly channel: string;
  readonly data: unknown;
  readonly timestamp: string;
  /** Only on channels with history. */
  readonly id?: string;
  /** Id of the call that caused the event, if the answer to the call could not name its position. */
  readonly cause?: string;
}

/** Frame that the server sends, as JSON. See docs/PROTOCOL.md. */
export type ServerFrame =
  | ({
      readonly type: 'connected';
      readonly connectionId: string;
      readonly user: User | null;
      /** Tenant of the connection. Absent without tenants. */
      readonly tenant?: string;
      readonly authorizedChannels: readonly string[];
      /** Expiry of the token, ISO 8601. Absent if the token does not expire. */
      readonly expiresAt?: string;
      /** Channels and patterns to which the token or ticket is limited. Absent without a limit. */
      readonly limitedTo?: readonly string[];
      /** True for a guest: a client with a share link instead of an account. `user` is `null`. */
      readonly guest?: true;
      readonly heartbeatMs: number;
      /** Names of {@link FEATURES}, and `commands`, `state` and `streams` if there are any. Absent from servers without any. */
      readonly features?: readonly string[];
      /** Absent without commands. */
      readonly commands?: CommandSupport;
    } & Answer)
  | ({
      readonly type: 'subscribed';
      readonly channel: string;
      /** Only if the request had `lastEventId`. */
      readonly recovered?: boolean;
      readonly reason?: RecoveryReason;
      readonly lastEventId?: string;
      /** Number of kept events that follow, if the request had `last` and nothing was resumed. */
      readonly rewound?: number;
      /** True if the server subscribed the connection, without a request. */
      readonly server?: true;
      /** True if the state follows. */
      readonly state?: true;
      /** The stream of the channel, if the request had `stream`. */
      readonly stream?: StreamInfo;
    } & Answer)
  | ({ readonly type: 'unsubscribed'; readonly channel: string; readonly reason?: EndReason } & Answer)
  | EventFrame
  | ({ readonly type: 'pong' } & Answer)
  | ({
      readonly type: 'error';
      readonly code: ErrorCode;
      readonly message: string;
      readonly channel?: string;
      readonly details?: readonly FieldProblem[];
      /** Id of the call that it answers. */
      readonly callId?: string;
    } & Answer)
  | ({
      readonly type: 'channels';
      readonly channels: readonly string[];
      readonly subscribed: readonly string[];
    } & Answer)
  | ({ readonly type: 'stats'; readonly stats: Stats } & Answer)
  | ({
      readonly type: 'authenticated';
      readonly connectionId: string;
      readonly user: User | null;
      readonly authorizedChannels: readonly string[];
      readonly expiresAt?: string;
      readonly limitedTo?: readonly string[];
      readonly guest?: true;
      readonly commands?: CommandSupport;
    } & Answer)
  | ({
      readonly type: 'presence';
      readonly channel: string;
      readonly members: readonly PresenceMember[];
      readonly count: number;
    } & Answer)
  | ({
      readonly type: 'presence_updated';
      readonly channel: string;
      /** Time to wait before the next update, in milliseconds. Watchers do not see more of them. */
      readonly intervalMs: number;
    } & Answer)
  | ({
      readonly type: 'history';
      readonly channel: string;
      /** Consecutive events, oldest first. */
      readonly events: readonly EventFrame[];
      /** True if older events are kept: ask again with `before`. */
      readonly more: boolean;
      /** Reason why there are no events. */
      readonly reason?: HistoryReason;
    } & Answer)
  | {
      readonly type: 'presence_diff';
      readonly channel: string;
      readonly joined: readonly PresenceMember[];
      readonly left: readonly PresenceMember[];
      /** Members whose info or state changed. Absent if there are none. */
      readonly updated?: readonly PresenceMember[];
      readonly timestamp: string;
    }
  | ({
      readonly type: 'occupancy';
      /** Number of subscriptions over all instances, by channel. */
      readonly counts: Readonly<Record<string, number>>;
    } & Answer)
  | {
      readonly type: 'resync';
      readonly channel: string;
      readonly lastEventId?: string;
      readonly reason: RecoveryReason;
      readonly timestamp: string;
    }
  | (ResultFrame & Answer)
  | ProgressFrame
  | LiveFrame
  | StreamFrame
  | (StreamCancelledFrame & Answer)
  | { readonly type: 'reconnect'; readonly afterMs: number; readonly timestamp: string };

/** Types of server frames, for counters. */
export const SERVER_FRAME_TYPES: { readonly [T in ServerFrame['type']]: true } = {
  connected: true,
  subscribed: true,
  unsubscribed: true,
  event: true,
  pong: true,
  error: true,
  channels: true,
  stats: true,
  history: true,
  authenticated: true,
  presence: true,
  presence_updated: true,
  presence_diff: true,
  occupancy: true,
  resync: true,
  result: true,
  progress: true,
  state: true,
  state_error: true,
  stream: true,
  stream_cancelled: true,
  reconnect: true,
};

/** A server frame before the gateway adds its timestamp. */
export type Unstamped<F extends ServerFrame = ServerFrame> = F extends ServerFrame ? Omit<F, 'timestamp'> : never;
