import { AsyncLocalStorage } from 'node:async_hooks';
import { isConnectionId } from '../../protocol/index.js';
import { exclusionOf } from '../schemas/delivery-hints.js';

/** The client that caused the running code, for `withSender`. */
export interface Sender {
  /** Id of its connection, as the client sent it. */
  readonly connectionId: string;
  /** Its user, from a verified token. */
  readonly userId: string;
  /** With the option `tenants`: tenant of the user; `null` for a platform user. @default the tenant of the running code */
  readonly tenant?: string | null;
}

/** Exclusion of the sender of the running code, including everything that it awaits and calls. */
const current = new AsyncLocalStorage<string | null>();

/** Runs code for a sender: events that it emits are not delivered to the excluded connection. `null` for no sender. */
export function forSender<T>(exclusion: string | null, run: () => T): T {
  return current.run(exclusion, run);
}

/** Returns the exclusion of the sender of the running code, or `null`. */
export function currentSender(): string | null {
  return current.getStore() ?? null;
}

/**
 * Returns the exclusion of a connection that a client named: it excludes only a connection of the same user.
 * @param connectionId a value that cannot be an id excludes no connection
 * @param userKey `null` if the user is unknown: then no connection is excluded
 */
export function exclusionOfSender(connectionId: unknown, userKey: string | null): string | null {
  return userKey !== null && isConnectionId(connectionId) ? exclusionOf(connectionId, userKey) : null;
}
