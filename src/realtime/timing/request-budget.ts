import { Injectable } from '@nestjs/common';
import { RealtimeClock } from './realtime-clock.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { KeyedBuckets } from './keyed-buckets.js';

/** Size of an unused budget, in seconds of its rate. */
export const BURST_SECONDS = 32;

/** Maximum time that a request waits, in milliseconds. A request that would wait longer is refused. */
export const MAX_BUDGET_WAIT_MS = 5_000;

/** Number of addresses that the clients of an unconfigured proxy count as, together. */
const ADDRESSES_PER_PROXY = 16;

/** The client that pays for its requests. */
export interface Payer {
  readonly id: string;
  readonly principal: { readonly userKey: string; readonly guest?: string } | null;
  readonly address: string;
  /** Key of limits per address; `null` for clients behind an unconfigured proxy. */
  readonly countedAs: string | null;
  /** Bytes of answers that are not charged yet; negative for bytes that were charged in advance. */
  unpaidBytes: number;
}

/**
 * Limits the cost of a client's requests per connection, user and address, so that a new connection does not start with a
 * new budget. Costs are in bytes: the size of answers and replays, or an equivalent for processing time. A cost is
 * charged before the work; an estimate is corrected afterwards.
 */
@Injectable()
export class RequestBudget {
  private readonly ofConnections: KeyedBuckets;
  private readonly ofUsers: KeyedBuckets;
  private readonly ofAddresses: KeyedBuckets;

  constructor(
    options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
  ) {
    const buckets = (perSecond: number): KeyedBuckets =>
      new KeyedBuckets({ perSecond, burst: BURST_SECONDS * perSecond, maxKeys: options.maxConnections });
    this.ofConnections = buckets(options.requestBytesPerSecond);
    this.ofUsers = buckets(options.requestBytesPerSecondOfUser);
    this.ofAddresses = buckets(options.requestBytesPerSecondOfAddress);
  }

  /**
   * Charges the cost of a request, which covers the same number of bytes of its answers. Earlier answers that exceeded
   * their charge are charged too.
   * @returns as {@link charge}
   */
  request(payer: Payer, cost: number): number | null {
    this.settle(payer);
    const waitMs = this.charge(payer, cost);
    if (waitMs !== null) payer.unpaidBytes = -cost;
    return waitMs;
  }

  /** Charges the bytes by which answers exceeded their charge. Called before the next request and when the client leaves. */
  settle(payer: Payer): void {
    if (payer.unpaidBytes > 0) this.chargeUnconditionally(payer, payer.unpaidBytes);
    payer.unpaidBytes = 0;
  }

  /**
   * Charges a cost before the work is done.
   * @returns the time to wait before the work, in milliseconds; `null` if nothing was charged and the request must be
   * refused
   */
  charge(payer: Payer, cost: number): number | null {
    const waitMs = this.waitMs(payer, cost);
    if (waitMs > MAX_BUDGET_WAIT_MS) return null;
    this.chargeUnconditionally(payer, cost);
    return waitMs;
  }

  /** Charges work that is already done; later requests wait for it. A negative cost is a refund. */
  chargeUnconditionally(payer: Payer, cost: number): void {
    const now = this.clock.now();
    for (const [buckets, key, part] of this.bucketsOf(payer)) {
      if (cost > 0) buckets.charge(key, now, cost / part);
      else buckets.refund(key, -cost / part);
    }
  }

  private waitMs(payer: Payer, cost: number): number {
    const now = this.clock.now();
    let longest = 0;
    for (const [buckets, key, part] of this.bucketsOf(payer)) {
      longest = Math.max(longest, buckets.waitMs(key, now, cost / part));
    }
    return longest;
  }

  private *bucketsOf({ id, principal, address, countedAs }: Payer): Iterable<[KeyedBuckets, string, number]> {
    yield [this.ofConnections, id, 1];
    if (principal !== null && principal.guest === undefined) yield [this.ofUsers, principal.userKey, 1];
    if (countedAs === null) yield [this.ofAddresses, `proxy ${address}`, ADDRESSES_PER_PROXY];
    else yield [this.ofAddresses, countedAs, 1];
  }
}
