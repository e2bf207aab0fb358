import { internalsOf } from '../internals.js';
import type { RealtimeClient } from '../types.js';

/** Sign-ins of a client. A call that is made after the start of a sign-in belongs to the next user, even before the client has the new identity. */
export interface SignIns {
  /** Number of sign-ins so far. */
  readonly count: number;
  /** True until the client has the identity of the last sign-in. */
  readonly isPending: boolean;
  /** Resolves when the last sign-in has ended on this connection, or with it. */
  ended(): Promise<void>;
}

/**
 * Follows `reauthenticate` of a client, which has no event.
 * @param began called with each sign-in, before it starts; `wasPending` is true if another one may not have ended
 */
export function followSignIns(client: RealtimeClient, began: (wasPending: boolean) => void): SignIns {
  const reauthenticate = client.reauthenticate.bind(client);
  let count = 0;
  let isPending = false;
  // A sign-in that began without a connection, before the first call, left no trace: there may be one.
  let isUnsure = client.state !== 'connected' && internalsOf(client).identity !== null;
  // the last sign-in while it runs
  let running: Promise<void> | null = null;

  const follow = (promise: Promise<void>): void => {
    const ended = (): void => {
      if (running !== own) return;
      running = null;
      // Otherwise the next connection has the new identity.
      if (client.state === 'connected') isPending = false;
    };
    const own = (running = promise.then(ended, ended));
    isPending = true;
  };
  // The first call can be made during a sign-in.
  const { renewal } = internalsOf(client);
  if (renewal) follow(renewal);
  client.reauthenticate = () => {
    count += 1;
    began(isPending || isUnsure);
    isUnsure = false;
    const promise = reauthenticate();
    follow(promise);
    return promise;
  };
  client.on('identity', (identity) => {
    if (identity && !running) isPending = isUnsure = false;
  });
  client.on('state', ({ state }) => {
    if (state === 'closed') isPending = false;
  });
  return {
    get count() {
      return count;
    },
    get isPending() {
      return isPending;
    },
    async ended() {
      while (running && client.state === 'connected') await running;
    },
  };
}
