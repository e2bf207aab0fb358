/**
 * The wire's frames: JSON objects in text frames. `ClientFrame` is what a client sends, `ServerFrame` what it receives.
 * Every server frame carries `timestamp` (ISO 8601, UTC, milliseconds).
 */
import type { ErrorCode } from './codes.js';

/** The subprotocol of this wire: offered beside a token and picked by the server, so that the token is not echoed. */
export const SUBPROTOCOL = 'realtime.v1';

/** One channel of a request, with what the client last saw of it. */
export interface SubscribeTarget {
  readonly channel: string;
  /** Resume after this event. */
  readonly lastEventId?: string;
  /** Also tell who is here. */
  readonly presence?: boolean;
}

interface Request {
  /** At most 64 characters; the answer carries it back. */
  readonly ref?: string;
}

/** What a client may send, as JSON; see docs/PROTOCOL.md. */
export type ClientFrame =
  | ({ readonly type: 'subscribe' } & SubscribeTarget & Request)
  | ({ readonly type: 'subscribe'; readonly channels: readonly (string | SubscribeTarget)[] } & Request)
  | ({ readonly type: 'unsubscribe'; readonly channel: string } & Request)
  | ({ readonly type: 'unsubscribe'; readonly channels: readonly string[] } & Request)
  | ({ readonly type: 'ping' } & Request)
  | ({ readonly type: 'list_channels' } & Request)
  | ({ readonly type: 'stats' } & Request)
  | ({ readonly type: 'auth'; readonly token: string } & Request)
  | ({ readonly type: 'presence'; readonly channel: string } & Request);

/** Who is at the other end. */
export interface User {
  readonly userId: string;
  readonly email: string | null;
  readonly role: string;
}

/** Why a resume could not be completed, or why continuity was lost while connected. */
export type RecoveryReason =
  | 'expired'
  | 'unknown_epoch'
  | 'rewound'
  | 'unproven'
  | 'too_many'
  | 'no_history'
  | 'already_subscribed'
  | 'replay_limit';

/** Why the server ended a subscription: the identity may not use the channel, or the decision took too long. */
export type EndReason = 'access_revoked' | 'unavailable';

/** Counts since start, and of now. */
export interface InstanceStats {
  readonly connections: number;
  readonly anonymous: number;
  readonly users: number;
  readonly channels: number;
  readonly subscriptions: number;
  readonly published: number;
  readonly delivered: number;
  readonly slowConsumersClosed: number;
  readonly uptimeMs: number;
}

export interface ClusterStats extends InstanceStats {
  readonly instances: number;
}

/** How many connections have subscribed to a channel, right across the instances. */
export interface ChannelStats {
  readonly channel: string;
  /** Whose channel it is, where there are tenants and it is no global one. */
  readonly tenant?: string;
  readonly subscribers: number;
}

/** What `stats` is answered. */
export interface Stats {
  readonly instance: InstanceStats;
  readonly cluster: ClusterStats;
  /** The 100 channels with most subscribers in the whole cluster. */
  readonly channels: readonly ChannelStats[];
}

/** One wrong field of a frame; `field` is `""` for the frame as a whole. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** One user who is in a channel, and by how many connections. */
export interface PresenceMember {
  readonly userId: string;
  readonly connections: number;
}

interface Answer {
  readonly ref?: string;
  readonly timestamp: string;
}

/** What a server sends, as JSON; see docs/PROTOCOL.md. */
export type ServerFrame =
  | ({
      readonly type: 'connected';
      readonly connectionId: string;
      readonly user: User | null;
      /** The tenant whose channels these are; absent where there is none. */
      readonly tenant?: string;
      readonly authorizedChannels: readonly string[];
      /** When the token ends, ISO 8601; absent where it has no end. */
      readonly expiresAt?: string;
      readonly heartbeatMs: number;
    } & Answer)
  | ({
      readonly type: 'subscribed';
      readonly channel: string;
      /** Only when the request carried `lastEventId`. */
      readonly recovered?: boolean;
      readonly reason?: RecoveryReason;
      readonly lastEventId?: string;
    } & Answer)
  | ({ readonly type: 'unsubscribed'; readonly channel: string; readonly reason?: EndReason } & Answer)
  | {
      readonly type: 'event';
      readonly channel: string;
      readonly data: unknown;
      readonly timestamp: string;
      /** Only on channels that keep history. */
      readonly id?: string;
    }
  | ({ readonly type: 'pong' } & Answer)
  | ({
      readonly type: 'error';
      readonly code: ErrorCode;
      readonly message: string;
      readonly channel?: string;
      readonly details?: readonly FieldProblem[];
    } & Answer)
  | ({
      readonly type: 'channels';
      readonly channels: readonly string[];
      readonly subscribed: readonly string[];
    } & Answer)
  | ({ readonly type: 'stats'; readonly stats: Stats } & Answer)
  | ({
      readonly type: 'authenticated';
      readonly user: User;
      readonly authorizedChannels: readonly string[];
      readonly expiresAt?: string;
    } & Answer)
  | ({
      readonly type: 'presence';
      readonly channel: string;
      readonly members: readonly PresenceMember[];
      readonly count: number;
    } & Answer)
  | {
      readonly type: 'presence_diff';
      readonly channel: string;
      readonly joined: readonly PresenceMember[];
      readonly left: readonly PresenceMember[];
      readonly timestamp: string;
    }
  | {
      readonly type: 'resync';
      readonly channel: string;
      readonly lastEventId?: string;
      readonly reason: RecoveryReason;
      readonly timestamp: string;
    }
  | { readonly type: 'reconnect'; readonly afterMs: number; readonly timestamp: string };

/** A server frame before the gateway stamps it. */
export type Unstamped<F extends ServerFrame = ServerFrame> = F extends ServerFrame ? Omit<F, 'timestamp'> : never;
