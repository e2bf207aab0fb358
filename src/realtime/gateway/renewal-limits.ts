import type { Principal } from '../auth/principal.js';
import { KeyedBuckets } from '../limits/keyed-buckets.js';

/** Renewals of one connection: ten at once, then one in five seconds. Each asks the policies of all its subscriptions. */
const OF_CONNECTION = { perSecond: 0.2, burst: 10 };

/** How long the connections of a user have for two renewals each, in seconds. */
const SPREAD_SECONDS = 60;

/** The part of a connection that counts here. */
interface Renewing {
  readonly id: string;
  readonly principal: Pick<Principal, 'userKey'> | null;
}

/** Bounds how often the token of a living connection is renewed: by connection, and by user on this instance. */
export class RenewalLimits {
  private readonly ofConnection: KeyedBuckets;
  private readonly ofUser: KeyedBuckets;

  constructor(limits: { readonly maxConnections: number; readonly maxConnectionsPerUser: number }) {
    this.ofConnection = new KeyedBuckets({ ...OF_CONNECTION, maxKeys: limits.maxConnections });
    const burst = Math.max(OF_CONNECTION.burst, 2 * limits.maxConnectionsPerUser);
    this.ofUser = new KeyedBuckets({ perSecond: burst / SPREAD_SECONDS, burst });
  }

  /** Counts a renewal, unless there are too many. @returns how long to wait, in milliseconds; 0 if it was counted */
  take({ id, principal }: Renewing, now: number): number {
    if (principal === null) return 0; // its first token renews nothing
    const wait = Math.max(this.ofConnection.waitMs(id, now), this.ofUser.waitMs(principal.userKey, now));
    if (wait > 0) return wait;
    this.ofConnection.charge(id, now);
    this.ofUser.charge(principal.userKey, now);
    return 0;
  }
}
