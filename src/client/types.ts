import type {
  PresenceMember,
  RealtimeEvents,
  RecoveryReason,
  RequestType,
  ServerFrame,
  User,
} from '../protocol/index.js';
import type { RealtimeError } from './errors.js';
import type { Signal } from './signal.js';
import type { ChannelCause, ChannelState, ClientCause, ClientState } from './states.js';

/** Undoes the call that returned it: removes a listener or a subscriber. Calling it again has no effect. */
export type Stop = () => void;

/** A state change of the client. The object is immutable: a view can keep it. */
export interface StateChange {
  readonly state: ClientState;
  readonly previous: ClientState;
  /** Cause: the column of {@link CLIENT_STATES}. */
  readonly code: ClientCause;
  /** Reason from the server, `getToken` or the WebSocket; otherwise the code. */
  readonly reason: string;
  /** Close code of the WebSocket, if the connection ended with one. */
  readonly closeCode?: number | undefined;
  /** With `waiting`: time until the next attempt, in milliseconds. */
  readonly retryInMs?: number | undefined;
  /** With `connected`: the transport of the connection. */
  readonly transport?: 'websocket' | 'sse' | undefined;
}

/** A state change of a channel. The object is immutable: a view can keep it. */
export interface ChannelChange {
  readonly state: ChannelState;
  readonly previous: ChannelState;
  /** Cause: the column of {@link CHANNEL_STATES}. */
  readonly code: ChannelCause;
  /** Reason from the server or the WebSocket; otherwise the code. */
  readonly reason: string;
  /** With `subscribed`, after a break: true if all missed events follow. */
  readonly recovered?: boolean | undefined;
  /** With `refused`: the error of the server. */
  readonly error?: RealtimeError;
}

/** One event of a channel. */
export interface RealtimeEvent<T = unknown> {
  readonly channel: string;
  readonly data: T;
  /** Time of emit, ISO 8601. */
  readonly timestamp: string;
  /** Position in the channel; absent if the channel has no history. */
  readonly id?: string | undefined;
  /** With `for await`: set if events are missing before this one. */
  readonly missed?: Reset | undefined;
}

/** Continuity was lost: events are missing, so the state must be loaded again. */
export interface Reset {
  readonly channel: string;
  /**
   * - `other_user`: the client continues as another user, whose state is not loaded yet
   * - `hidden`: the React component was hidden, while other subscribers kept the channel
   */
  readonly reason: RecoveryReason | 'other_user' | 'hidden';
  /** Position from which the channel continues; absent if it has no history. */
  readonly lastEventId?: string | undefined;
}

/** Members of a channel. The object is immutable: a view can keep it. */
export interface Presence<Info = unknown, State = unknown> {
  /** The first 2,000 members, and those that came later. */
  readonly members: readonly PresenceMember<Info, State>[];
  /** Members and anonymous connections. */
  readonly count: number;
}

/** Identity of the client on the server, and its authorized channels. */
export interface Identity {
  /** Id of the connection. See {@link RealtimeClient.connectionId}. */
  readonly connectionId?: string | undefined;
  /** `null` without a token. */
  readonly user: User | null;
  readonly authorizedChannels: readonly string[];
}

/** Listeners of `channel.on`. */
export interface ChannelListeners<T> {
  /** An event. If the listener returns a promise, its next event waits for it. */
  event: (event: RealtimeEvent<T>) => unknown;
  /** Events are missing: load your state again. */
  reset: (reset: Reset) => unknown;
  state: (change: ChannelChange) => void;
  /** The members changed; see {@link SubscribeOptions.presence}. Empty when they are unknown. */
  presence: (presence: Presence) => void;
  /** The application closed the client: no event comes until `connect()`. */
  closed: () => void;
}

/** Options of `channel.subscribe`. */
export interface SubscribeOptions {
  /**
   * Resumes after this event, for example the `lastEventId` that came with a page or was kept in a store. Only the
   * first subscriber of a channel can set it. @default live events only
   */
  readonly after?: string | undefined;
  /**
   * Receives the last events first, up to this number, from 1 to 1,000: the beginning of a feed, or with 1 the last
   * value. After a break the channel resumes; only if that is impossible, the last events follow a `reset`. Only the
   * first subscriber of a channel can set it; others call `history`. @default live events only
   */
  readonly last?: number | undefined;
  /** Also reports the members, on channels with presence. @default false */
  readonly presence?: boolean | undefined;
}

/**
 * One channel of a client: the same object for the same name. It is subscribed while it has subscribers.
 * `events(channel)` makes it iterable and observable.
 */
export interface Channel<T = unknown> {
  readonly name: string;
  readonly state: ChannelState;
  /** The last change of state. */
  readonly change: ChannelChange;
  /** Number of subscribers in this client. */
  readonly users: number;
  /** Last event that all listeners have finished (for an asynchronous one: its promise is settled). */
  readonly lastEventId: string | undefined;
  /** Members; `null` until a subscriber with `presence: true` has received them. */
  readonly presence: Presence | null;
  /**
   * Adds a subscriber. The client connects if it is `idle`. After each break the channel resumes from its position.
   * Retries a refused channel.
   * @returns a function that removes this subscriber
   */
  subscribe(options?: SubscribeOptions): Stop;
  /**
   * Removes one subscriber. Without subscribers the client unsubscribes; a later `subscribe` starts with live events.
   */
  unsubscribe(): void;
  /** Retries a refused channel. */
  retry(): void;
  /** Adds a listener without subscribing. @returns a function that removes it */
  on<N extends keyof ChannelListeners<T>>(name: N, listener: ChannelListeners<T>[N]): Stop;
  /** The same, for one call. */
  once<N extends keyof ChannelListeners<T>>(name: N, listener: ChannelListeners<T>[N]): Stop;
}

/** Listeners of `client.on`. */
export interface ClientListeners {
  state: (change: StateChange) => void;
  /** An error. The client recovers by itself, unless a change to `closed` follows. */
  error: (error: RealtimeError) => void;
  /**
   * The identity, after each connect and each renewal of the token. `null` when it ends: on `close()`, on a sign-out,
   * and before the client continues as another user.
   */
  identity: (identity: Identity | null) => void;
  /**
   * A frame without a channel that is not a reply, mostly a custom message type; also a `subscribed` that the client did
   * not ask for, which `serverChannels` handles.
   */
  message: (frame: CustomFrame) => void;
}

/** A frame of a custom message type of the application. */
export interface CustomFrame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Checks that every request of the protocol is listed, and keeps those with one reply. */
export type AnswersOf<T extends { [K in RequestType]: ServerFrame['type'] | null }> = {
  [K in keyof T as T[K] extends null ? never : K]: T[K];
};

/** Request type → type of the reply. `null`: a method of the client sends the request, and handles its replies. */
export type AnswerTypes = AnswersOf<{
  ping: 'pong';
  list_channels: 'channels';
  stats: 'stats';
  presence: 'presence';
  history: 'history';
  presence_update: 'presence_updated';
  occupancy: 'occupancy';
  call: 'result';
  cancel: null;
  stream_cancel: 'stream_cancelled';
  subscribe: null;
  unsubscribe: null;
  auth: null;
}>;

/** Reply to a request. */
export type AnswerTo<T extends string> = T extends keyof AnswerTypes
  ? Extract<ServerFrame, { type: AnswerTypes[T] }>
  : CustomFrame;

/** Argument of {@link RealtimeClient.request}: a protocol request or a custom message. */
export interface RequestFrame<T extends string = string> {
  readonly type: T;
  readonly [field: string]: unknown;
}

/** Options of a request. */
export interface RequestOptions {
  /** @default the client's `timeoutMs` */
  readonly timeoutMs?: number | undefined;
  /** Aborts waiting for the reply. */
  readonly signal?: Signal | undefined;
}

/** Type in the compiler's error for a channel that is not in the event map. */
export interface UnknownChannel<C extends string> {
  readonly 'this channel is not in the event map': C;
}

/**
 * A literal must be a channel of the event map, or match a key of it such as `room:${string}`. A `string` that is known
 * only at run time is accepted.
 */
export type KnownChannel<E, C extends string> = string extends C ? C : C extends keyof E ? C : UnknownChannel<C>;

/** Type of the event data of a channel, by its name. */
export type DataOf<E, C extends string> = C extends keyof E ? E[C] : unknown;

/** A persistent connection and its channels. `E` is the event map. */
export interface RealtimeClient<E extends object = RealtimeEvents> {
  readonly state: ClientState;
  /** The last change of state. */
  readonly change: StateChange;
  /** Transport of the connection; `undefined` without one. */
  readonly transport: 'websocket' | 'sse' | undefined;
  /** Identity; `null` until the server has authenticated the client, and after `close()`. */
  readonly identity: Identity | null;
  /**
   * Id of this client for `except`: send it as `X-Connection-Id` with HTTP requests, and the server can leave out this client
   * when it emits. It is the id of the first connection, and stays the same after a reconnect. `undefined` before the first
   * connection, and in tabs that share a connection.
   */
  readonly connectionId: string | undefined;
  /** Connects now and stays connected, also from `closed` or while waiting for an attempt. */
  connect(): void;
  /**
   * Ends the connection until `connect()`, also for channels that get subscribers later. Every loop over `events` ends.
   */
  close(): void;
  /**
   * Returns the channel of this name: the same object while it is referenced.
   * @throws RealtimeError `invalid_channel` for an invalid name or a wildcard
   */
  channel<const C extends string>(name: C & KnownChannel<E, C>): Channel<DataOf<E, C>>;
  on<N extends keyof ClientListeners>(name: N, listener: ClientListeners[N]): Stop;
  /** The same, for one call. */
  once<N extends keyof ClientListeners>(name: N, listener: ClientListeners[N]): Stop;
  /**
   * Sends a request and resolves with its reply: `ping`, `list_channels`, `stats`, `presence`, or a custom message.
   * @throws RealtimeError the server's error, `not_connected` or `timeout`; or the reason of the signal
   */
  request<const T extends string>(frame: RequestFrame<T>, options?: RequestOptions): Promise<AnswerTo<T>>;
  /** Sends a frame without a reply. @returns false without a connection: the frame is dropped */
  send(frame: RequestFrame): boolean;
  /**
   * Gets a token now and sends it to the server: after a sign-in, a sign-out or a change of permissions. Events wait
   * until the server has replied. A token of another user, or none, opens a new connection, on which the channels start
   * again and report a `reset`. If there is no token, or the server refuses it, the connection ends too, because it
   * belongs to the former user.
   * Calls in one step share one call of `getToken`. In the first step of `getToken` the call has no effect, because its
   * token is about to be sent.
   * @throws RealtimeError the cause
   */
  reauthenticate(): Promise<void>;
  /**
   * Checks the connection now, and ends a wait for the next attempt. Pages do this automatically; call it elsewhere,
   * for example when React Native's `AppState` becomes `active`.
   */
  wake(): void;
}
