import type { PresenceMember, RealtimeEvents, RecoveryReason, ServerFrame, User } from '../protocol/index.js';
import type { RealtimeError } from './errors.js';
import type { Signal } from './signal.js';
import type { ChannelCause, ChannelState, ClientCause, ClientState } from './states.js';

/** Takes back what it was returned by. Calling it again changes nothing. */
export type Stop = () => void;

/** The client went from one state to another. The object never changes: a view may keep it. */
export interface StateChange {
  readonly state: ClientState;
  readonly previous: ClientState;
  /** Why: the column of {@link CLIENT_STATES}. */
  readonly code: ClientCause;
  /** What the server, the token's source or the WebSocket said of it; where nobody said anything, the code. */
  readonly reason: string;
  /** The WebSocket's close code, where the connection ended with one. */
  readonly closeCode?: number | undefined;
  /** With `waiting`: when the next attempt begins, in milliseconds. */
  readonly retryInMs?: number | undefined;
}

/** A channel went from one state to another. The object never changes: a view may keep it. */
export interface ChannelChange {
  readonly state: ChannelState;
  readonly previous: ChannelState;
  /** Why: the column of {@link CHANNEL_STATES}. */
  readonly code: ChannelCause;
  /** What the server or the WebSocket said of it; where nobody said anything, the code. */
  readonly reason: string;
  /** With `subscribed`, after a break: whether everything that was missed follows. */
  readonly recovered?: boolean | undefined;
  /** With `refused`: what the server said. */
  readonly error?: RealtimeError;
}

/** One event of a channel. */
export interface RealtimeEvent<T = unknown> {
  readonly channel: string;
  readonly data: T;
  /** When it was emitted, ISO 8601. */
  readonly timestamp: string;
  /** Its place in the channel; absent where the channel keeps no history. */
  readonly id?: string | undefined;
  /** With `for await`: events are missing before this one, and why. */
  readonly missed?: Reset | undefined;
}

/** Continuity was lost: events are missing, so that state has to be loaded again. */
export interface Reset {
  readonly channel: string;
  /**
   * - `other_user`: the client authenticated as another user, for whom nothing was loaded yet
   * - `hidden`: the React component was hidden, while the channel went on for others
   */
  readonly reason: RecoveryReason | 'other_user' | 'hidden';
  /** Where the channel goes on; absent where it keeps no history. */
  readonly lastEventId?: string | undefined;
}

/** Who is in a channel. The object never changes: a view may keep it. */
export interface Presence {
  readonly members: readonly PresenceMember[];
  /** Members and anonymous connections. */
  readonly count: number;
}

/** Who the client is to the server, and what it can use. */
export interface Identity {
  /** `null` without a token. */
  readonly user: User | null;
  readonly authorizedChannels: readonly string[];
}

/** What `channel.on` tells. */
export interface ChannelListeners<T> {
  /** One event. When it returns a promise, this listener gets its next event after that. */
  event: (event: RealtimeEvent<T>) => unknown;
  /** Events are missing: load your state again. */
  reset: (reset: Reset) => unknown;
  state: (change: ChannelChange) => void;
  /** Who is here, whenever it changes; see {@link SubscribeOptions.presence}. Nobody, when it is not known any more. */
  presence: (presence: Presence) => void;
  /** The application closed the client: no event comes until `connect()`. */
  closed: () => void;
}

/** What `channel.subscribe` takes. */
export interface SubscribeOptions {
  /**
   * Go on after this event, for example the `lastEventId` that came with a page or was kept in a store.
   * It counts only for the first user of a channel. @default from now on
   */
  readonly after?: string | undefined;
  /** Also report who is here, on channels that have presence. @default false */
  readonly presence?: boolean | undefined;
}

/**
 * One channel of a client; always the same object for the same name. It is subscribed to while it has users.
 * `events(channel)` makes it iterable and observable.
 */
export interface Channel<T = unknown> {
  readonly name: string;
  readonly state: ChannelState;
  /** The last change of state. */
  readonly change: ChannelChange;
  /** How many use it now. */
  readonly users: number;
  /** The last event for which all listeners are done (an asynchronous one: its promise is settled). */
  readonly lastEventId: string | undefined;
  /** Who is here; `null` while nobody asked with `presence: true`, or the answer is not there yet. */
  readonly presence: Presence | null;
  /**
   * Adds a user. The client connects by itself if it is `idle`; after each break the channel resumes where it stood. A
   * channel that was refused is asked for again.
   * @returns removes this user
   */
  subscribe(options?: SubscribeOptions): Stop;
  /** Takes one user away, the last one ends the subscription; a later one begins anew, from then on. */
  unsubscribe(): void;
  /** Asks again for a channel that was refused. */
  retry(): void;
  /** Adds a listener. It does not subscribe. @returns removes it */
  on<N extends keyof ChannelListeners<T>>(name: N, listener: ChannelListeners<T>[N]): Stop;
  /** The same, for one call. */
  once<N extends keyof ChannelListeners<T>>(name: N, listener: ChannelListeners<T>[N]): Stop;
}

/** What `client.on` tells. */
export interface ClientListeners {
  state: (change: StateChange) => void;
  /** What went wrong; the client goes on by itself, unless a change to `closed` follows. */
  error: (error: RealtimeError) => void;
  /**
   * Who the client is: after each connect, and after each renewal of the token. `null` when that ends: by `close()`, by a
   * sign-out, and before the client goes on as another user.
   */
  identity: (identity: Identity | null) => void;
  /** A frame that belongs to no channel and answers no request: mostly a message type of the application. */
  message: (frame: CustomFrame) => void;
}

/** A frame of a type that the application added to the server. */
export interface CustomFrame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Request → the type of the frame that answers it. */
export type AnswerTypes = { ping: 'pong'; list_channels: 'channels'; stats: 'stats'; presence: 'presence' };

/** What a request of the protocol is answered by. */
export type AnswerTo<T extends string> = T extends keyof AnswerTypes
  ? Extract<ServerFrame, { type: AnswerTypes[T] }>
  : CustomFrame;

/** What {@link RealtimeClient.request} sends: a request of the protocol, or a message type of the application's own. */
export interface RequestFrame<T extends string = string> {
  readonly type: T;
  readonly [field: string]: unknown;
}

/** How to answer a request. */
export interface RequestOptions {
  /** @default the client's `timeoutMs` */
  readonly timeoutMs?: number | undefined;
  /** Gives up on the answer. */
  readonly signal?: Signal | undefined;
}

/** What the compiler names if a channel is not in the event map. */
export interface UnknownChannel<C extends string> {
  readonly 'this channel is not in the event map': C;
}

/**
 * A literal must be a channel of the event map, or match a key of it such as `room:${string}`; a `string` that is known only
 * at run time is taken as it is.
 */
export type KnownChannel<E, C extends string> = string extends C ? C : C extends keyof E ? C : UnknownChannel<C>;

/** What a channel's events carry, by its name. */
export type DataOf<E, C extends string> = C extends keyof E ? E[C] : unknown;

/** A connection that stays, and the channels on it. `E` is the event map. */
export interface RealtimeClient<E extends object = RealtimeEvents> {
  readonly state: ClientState;
  /** The last change of state. */
  readonly change: StateChange;
  /** Who the client is; `null` until the server authenticated it, and after `close()`. */
  readonly identity: Identity | null;
  /** Connects now, and stays connected: also from `closed`, and where the client waits. */
  connect(): void;
  /** Ends the connection until `connect()`, also for channels that get users later; every loop over `events` ends. */
  close(): void;
  /**
   * The channel of this name, the same object while anything refers to it.
   * @throws RealtimeError `invalid_channel` if it is not the name of a channel, or a wildcard
   */
  channel<const C extends string>(name: C & KnownChannel<E, C>): Channel<DataOf<E, C>>;
  on<N extends keyof ClientListeners>(name: N, listener: ClientListeners[N]): Stop;
  /** The same, for one call. */
  once<N extends keyof ClientListeners>(name: N, listener: ClientListeners[N]): Stop;
  /**
   * Sends a request and resolves with its answer: `ping`, `list_channels`, `stats`, `presence`, or a message type of the
   * application.
   * @throws RealtimeError the server's refusal, `not_connected` or `timeout`; or the reason of the signal
   */
  request<const T extends string>(frame: RequestFrame<T>, options?: RequestOptions): Promise<AnswerTo<T>>;
  /** Sends a frame that has no answer. @returns false without a connection: then it is dropped */
  send(frame: RequestFrame): boolean;
  /**
   * Gets a token now and sends it to the server: after a sign-in, a sign-out, or a change of rights. Events wait until the
   * server has answered. A token of another user, or none, makes a new connection, on which the channels begin anew and
   * report a `reset`. If no token comes, or the server refuses it, the connection ends too, because it is the former user's.
   * @throws RealtimeError the cause of that
   */
  reauthenticate(): Promise<void>;
  /**
   * Looks now whether the connection lives, and cuts a wait for the next attempt short. A browser's page does so by
   * itself; call it where there is none, as when React Native's `AppState` turns `active`.
   */
  wake(): void;
}
