/**
 * The two machines of the client, each a table: state × cause → state. A cause that stands in no column of a state changes
 * nothing there. There is one door for changes, and it asks this table.
 */

/** `state → cause → next state` */
type Table<S extends string, C extends string> = { readonly [state in S]: { readonly [cause in C]?: S } };

/**
 * - `idle`: was not used yet
 * - `connecting`: gets a token, opens the socket, authenticates
 * - `connected`: authenticated by the server
 * - `waiting`: for the next attempt
 * - `paused`: the browser is offline, and attempts are rare; or the page is in the back/forward cache
 * - `closed`: stays away until `connect()` is called
 */
export type ClientState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'paused' | 'closed';

/**
 * - `connect`, `close`: the application asked
 * - `ready`: the server authenticated the client
 * - `lost`: the connection ended, and the client comes back
 * - `unreachable`: an attempt to connect failed
 * - `silent`: no sign of life within the heartbeat
 * - `token_failed`: `getToken` failed
 * - `token_refused`: the server wants another token
 * - `signed_out`: `getToken` said so
 * - `refused`: the server wants nothing more of this client (44xx, 1009), or of its tokens
 * - `other_user`: the new token belongs to another user, who needs another connection
 * - `retry`: the wait is over
 * - `offline`, `online`, `hidden`, `shown`, `woken`: the browser says so
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

/** What ends every state that has, or will have, a connection. */
const ENDS = { hidden: 'paused', close: 'closed' } as const;

/** What ends an attempt, or a connection. */
const FAILURES = {
  silent: 'waiting',
  token_failed: 'waiting',
  token_refused: 'waiting',
  other_user: 'waiting',
  refused: 'closed',
  signed_out: 'closed',
} as const;

/** The states of a client. */
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
 * - `unsubscribed`: it has no user
 * - `subscribing`: asked for, or waiting for the connection
 * - `subscribed`: events arrive
 * - `refused`: the server says no; asked again with the next connection or token
 */
export type ChannelState = 'unsubscribed' | 'subscribing' | 'subscribed' | 'refused';

/**
 * - `subscribe`: it got its first user, or is asked for again
 * - `unsubscribe`: its last user left
 * - `subscribed`: the server said so
 * - `refused`: the server said no
 * - `revoked`: the server took the right away
 * - `lost`: the connection ended
 * - `other_user`: the client goes on as another user, and the channel begins anew
 * - `behind`: so many events wait for the listeners that it is left, and resumed once they are done
 */
export type ChannelCause =
  'subscribe' | 'unsubscribe' | 'subscribed' | 'refused' | 'revoked' | 'lost' | 'other_user' | 'behind';

/** The states of a channel. */
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

/** Where a cause leads; `undefined` where it changes nothing. */
export function nextState<S extends string, C extends string>(table: Table<S, C>, state: S, cause: C): S | undefined {
  return table[state][cause];
}
