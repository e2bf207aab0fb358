/**
 * The two state machines of the client, as tables: state × cause → state. A cause that is not listed for a state has no
 * effect there. All state changes use these tables.
 */

/** `state → cause → next state` */
type Table<S extends string, C extends string> = { readonly [state in S]: { readonly [cause in C]?: S } };

/**
 * - `idle`: not used yet
 * - `connecting`: gets a token, opens the socket, authenticates
 * - `connected`: authenticated by the server
 * - `waiting`: waits for the next attempt
 * - `paused`: the browser is offline, and attempts are rare; or the page is in the back/forward cache
 * - `closed`: disconnected until `connect()` is called
 */
export type ClientState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'paused' | 'closed';

/**
 * - `connect`, `close`: called by the application
 * - `ready`: the server authenticated the client
 * - `lost`: the connection ended, and the client reconnects
 * - `unreachable`: an attempt to connect failed
 * - `silent`: no sign of life within the heartbeat
 * - `token_failed`: `getToken` failed
 * - `token_refused`: the server requires another token
 * - `signed_out`: `getToken` threw `signed_out`
 * - `refused`: the server refuses this client (44xx, 1009), or its tokens
 * - `other_user`: the new token belongs to another user, who needs another connection
 * - `retry`: the wait is over
 * - `offline`, `online`, `hidden`, `shown`, `woken`: reported by the browser
 */
export type ClientCause =
  | 'connect'
  | 'close'
  | 'ready'
  | 'lost'
  | 'unreachable'
  | 'silent'
  | 'token_failed'
  | 'token_refused'
  | 'signed_out'
  | 'refused'
  | 'other_user'
  | 'retry'
  | 'offline'
  | 'online'
  | 'hidden'
  | 'shown'
  | 'woken';

/** Transitions that end every state with a current or future connection. */
const ENDS = { hidden: 'paused', close: 'closed' } as const;

/** Transitions that end an attempt or a connection. */
const FAILURES = {
  silent: 'waiting',
  token_failed: 'waiting',
  token_refused: 'waiting',
  other_user: 'waiting',
  refused: 'closed',
  signed_out: 'closed',
} as const;

/** State machine of a client: state → cause → next state. */
export const CLIENT_STATES = {
  idle: { connect: 'connecting', close: 'closed' },
  connecting: { ready: 'connected', unreachable: 'waiting', ...FAILURES, ...ENDS },
  connected: { lost: 'waiting', ...FAILURES, ...ENDS },
  waiting: {
    connect: 'connecting',
    retry: 'connecting',
    woken: 'connecting',
    online: 'connecting',
    offline: 'paused',
    ...ENDS,
  },
  paused: {
    connect: 'connecting',
    retry: 'connecting',
    online: 'connecting',
    shown: 'connecting',
    woken: 'connecting',
    ...ENDS,
  },
  closed: { connect: 'connecting', close: 'closed' },
} as const satisfies Table<ClientState, ClientCause>;

/**
 * - `unsubscribed`: without a subscriber
 * - `subscribing`: requested, or waiting for the connection
 * - `subscribed`: events arrive
 * - `refused`: refused by the server; retried with the next connection or token
 */
export type ChannelState = 'unsubscribed' | 'subscribing' | 'subscribed' | 'refused';

/**
 * - `subscribe`: the first subscriber was added, or the channel is requested again
 * - `unsubscribe`: the last subscriber was removed
 * - `subscribed`: the server confirmed the subscription
 * - `refused`: the server refused it
 * - `revoked`: the server revoked the permission
 * - `lost`: the connection ended
 * - `other_user`: the client continues as another user, and the channel starts again
 * - `behind`: too many events wait for the listeners, so the client unsubscribed, and resumes once they are done
 */
export type ChannelCause =
  | 'subscribe'
  | 'unsubscribe'
  | 'subscribed'
  | 'refused'
  | 'revoked'
  | 'lost'
  | 'other_user'
  | 'behind';

/** State machine of a channel: state → cause → next state. */
export const CHANNEL_STATES = {
  unsubscribed: { subscribe: 'subscribing' },
  subscribing: {
    subscribed: 'subscribed',
    refused: 'refused',
    lost: 'subscribing',
    other_user: 'subscribing',
    behind: 'subscribing',
    unsubscribe: 'unsubscribed',
  },
  subscribed: {
    lost: 'subscribing',
    behind: 'subscribing',
    revoked: 'refused',
    unsubscribe: 'unsubscribed',
  },
  refused: { subscribe: 'subscribing', other_user: 'subscribing', unsubscribe: 'unsubscribed' },
} as const satisfies Table<ChannelState, ChannelCause>;

/** Returns the next state; `undefined` if the cause has no effect. */
export function nextState<S extends string, C extends string>(table: Table<S, C>, state: S, cause: C): S | undefined {
  return table[state][cause];
}
