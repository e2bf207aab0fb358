import { KeyedBuckets } from '../timing/keyed-buckets.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import type { ClientAddress } from './client-address.js';

type Limits = Pick<
  ResolvedRealtimeOptions,
  | 'handshakesPerSecond'
  | 'handshakesPerSecondPerUser'
  | 'maxConnectionsPerAddress'
  | 'maxConnections'
  | 'reconnectSpreadMs'
>;

/**
 * Burst of this instance, in seconds of `handshakesPerSecond`: all clients of an instance that was killed return within a few seconds.
 * They wait in `HandshakeTurns`, so that a burst does not block connected clients.
 */
export const INSTANCE_BURST = 5;
/** Burst of a user, in seconds of `handshakesPerSecondPerUser`. */
export const USER_BURST = 20;
/**
 * Minimum rate of an address. It applies even if the address can have only few connections, because refused clients
 * retry.
 */
const MIN_PER_ADDRESS = { perSecond: 10, burst: 50 };
/** Maximum number of remembered credentials of throttled users. */
const MAX_THROTTLED = 10_000;
/** The single key of the limit per instance. */
const INSTANCE = '';
/** Minimum `Retry-After` of a 503, in seconds. */
const MIN_RETRY_SECONDS = 2;

/** A handshake that exceeds a limit. */
export interface Throttled {
  readonly scope: 'user' | 'address' | 'instance';
  readonly retryAfterSeconds: number;
}

/**
 * Limits the handshakes per second of a user, an address and this instance.
 *
 * The narrowest limit decides first, and a handshake that it refuses is not charged to a wider one: a page in a
 * reconnect loop harms only itself. The user is known only after the token was verified, so address and instance are
 * charged before that and refunded if the user's limit refuses. The credential of a throttled user is remembered as a
 * digest, so that a loop is refused without another verification.
 */
export class HandshakeLimits {
  private readonly users: KeyedBuckets;
  private readonly addresses: KeyedBuckets;
  /** Limits of unconfigured proxies: all clients of a proxy share one bucket. */
  private readonly peers: KeyedBuckets;
  private readonly instance: KeyedBuckets;
  /** Throttled users by digest of their credential. */
  private readonly throttled = new Map<string, string>();

  constructor(limits: Limits) {
    const { handshakesPerSecond, handshakesPerSecondPerUser, maxConnectionsPerAddress, reconnectSpreadMs } = limits;
    const spreadSeconds = Math.max(1, reconnectSpreadMs / 1000);
    const perSecond = Math.max(MIN_PER_ADDRESS.perSecond, Math.ceil(maxConnectionsPerAddress / spreadSeconds));
    const burst = Math.max(MIN_PER_ADDRESS.burst, maxConnectionsPerAddress);
    this.users = new KeyedBuckets({
      perSecond: handshakesPerSecondPerUser,
      burst: USER_BURST * handshakesPerSecondPerUser,
      maxKeys: Math.max(10_000, limits.maxConnections),
    });
    this.addresses = new KeyedBuckets({ perSecond, burst });
    this.peers = new KeyedBuckets({
      perSecond: Math.max(perSecond, handshakesPerSecond / 2),
      burst: Math.max(burst, handshakesPerSecond),
    });
    this.instance = new KeyedBuckets({
      perSecond: handshakesPerSecond,
      burst: INSTANCE_BURST * handshakesPerSecond,
      maxKeys: 1,
    });
  }

  /**
   * Charges one handshake to its address and to this instance, unless one of their limits is reached.
   * @param digest returns the digest of the credential; called only while users are throttled
   */
  enter(client: ClientAddress, digest: () => string | null, now: number): Throttled | null {
    const [addresses, address] = this.addressOf(client);
    const throttled =
      this.refusedBefore(digest, now) ??
      over('address', addresses.waitMs(address, now)) ??
      over('instance', this.instance.waitMs(INSTANCE, now));
    if (throttled !== null) return throttled;
    addresses.charge(address, now);
    this.instance.charge(INSTANCE, now);
    return null;
  }

  /** Charges one handshake to the user. If the user's limit is reached, the address and this instance are refunded. */
  enterAs(userKey: string, client: ClientAddress, digest: () => string | null, now: number): Throttled | null {
    if (this.users.take(userKey, now)) return null;
    const [addresses, address] = this.addressOf(client);
    addresses.refund(address);
    this.refundInstance();
    const credential = digest();
    if (credential !== null) {
      if (this.throttled.size >= MAX_THROTTLED) this.throttled.delete(this.throttled.keys().next().value!);
      this.throttled.set(credential, userKey);
    }
    return over('user', this.users.waitMs(userKey, now));
  }

  /** Refunds this instance for a handshake that a narrower limit refused after {@link enter}. */
  refundInstance(): void {
    this.instance.refund(INSTANCE);
  }

  private refusedBefore(digest: () => string | null, now: number): Throttled | null {
    if (this.throttled.size === 0) return null;
    const credential = digest();
    const userKey = credential === null ? undefined : this.throttled.get(credential);
    if (userKey === undefined) return null;
    const throttled = over('user', this.users.waitMs(userKey, now));
    if (throttled === null) this.throttled.delete(credential!);
    return throttled;
  }

  private addressOf({ countedAs, address }: ClientAddress): [KeyedBuckets, string] {
    return countedAs === null ? [this.peers, address] : [this.addresses, countedAs];
  }
}

function over(scope: Throttled['scope'], waitMs: number): Throttled | null {
  if (waitMs === 0) return null;
  return { scope, retryAfterSeconds: Math.max(MIN_RETRY_SECONDS, Math.ceil(waitMs / 1000)) };
}
