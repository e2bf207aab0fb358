import { limitedUserOf } from '../auth/guest.js';
import type { Principal } from '../auth/principal.js';
import { KeyedBuckets } from '../timing/keyed-buckets.js';

/**
 * Limit of one connection: ten renewals at once, then one every five seconds. Each renewal calls the policies of all its
 * subscriptions.
 */
const OF_CONNECTION = { perSecond: 0.2, burst: 10 };

/** Time in which all connections of a user can renew twice, in seconds. */
const SPREAD_SECONDS = 60;

/** The part of a connection that the limits use. */
interface Renewing {
  readonly id: string;
  readonly principal: Pick<Principal, 'userKey' | 'guest'> | null;
}

/** Limits how often the token of an open connection is renewed, per connection and per user on this instance. */
export class RenewalLimits {
  private readonly ofConnection: KeyedBuckets;
  private readonly ofUser: KeyedBuckets;

  constructor(limits: { readonly maxConnections: number; readonly maxConnectionsPerUser: number }) {
    this.ofConnection = new KeyedBuckets({ ...OF_CONNECTION, maxKeys: limits.maxConnections });
    const burst = Math.max(OF_CONNECTION.burst, 2 * limits.maxConnectionsPerUser);
    this.ofUser = new KeyedBuckets({ perSecond: burst / SPREAD_SECONDS, burst });
  }

  /** Counts a renewal unless a limit is reached. @returns the time to wait, in milliseconds; 0 if the renewal was counted */
  take({ id, principal }: Renewing, now: number): number {
    if (principal === null) return 0; // the first token is not a renewal
    const user = limitedUserOf(principal);
    const wait = Math.max(this.ofConnection.waitMs(id, now), user === null ? 0 : this.ofUser.waitMs(user, now));
    if (wait > 0) return wait;
    this.ofConnection.charge(id, now);
    if (user !== null) this.ofUser.charge(user, now);
    return 0;
  }
}
