/** Default for the maximum number of remembered keys. */
const DEFAULT_MAX_KEYS = 10_000;

/** Pause after a sweep that freed little, in milliseconds, so that sweeping does not become an attack. */
const SWEEP_PAUSE_MS = 100;

/** Tolerance for sums of fractions of milliseconds. */
const ROUNDING_MS = 0.001;

/** The time when the bucket is full again, in milliseconds, is its complete state. */
interface Bucket {
  fullAt: number;
}

export interface KeyedBucketLimits {
  /** Tokens that each key gets per second; fractions are allowed. */
  readonly perSecond: number;
  /** Tokens of a key without recent use. @default twice `perSecond` */
  readonly burst?: number;
  /** Maximum number of remembered keys. @default 10000 */
  readonly maxKeys?: number;
}

/**
 * A token bucket for each key (user, address, tenant), with bounded memory.
 *
 * A full bucket is the same as none, so idle keys are forgotten. If there are too many keys, those with the most tokens
 * are forgotten first. A key with less than one token is never forgotten: a client with many keys cannot reset a key that
 * is over its limit. If every remembered key is over its limit, all further keys share one bucket.
 *
 * `now` is always in milliseconds of a monotonic clock.
 */
export class KeyedBuckets {
  readonly burst: number;
  private readonly buckets = new Map<string, Bucket>();
  /** Iterates over all keys again and again, to find idle ones. */
  private cursor = this.buckets.entries();
  /** Shared by all keys beyond `maxKeys`. */
  private readonly overflow: Bucket = { fullAt: 0 };
  private readonly msPerToken: number;
  private readonly maxKeys: number;
  private sweepAllowedAt = -Infinity;

  constructor({ perSecond, burst = 2 * perSecond, maxKeys = DEFAULT_MAX_KEYS }: KeyedBucketLimits) {
    this.burst = burst;
    this.msPerToken = 1000 / perSecond;
    this.maxKeys = maxKeys;
  }

  /** Number of remembered keys. */
  get size(): number {
    return this.buckets.size;
  }

  /** Charges `count` tokens if the key has them. @returns false if it does not */
  take(key: string, now: number, count = 1): boolean {
    if (this.waitMs(key, now, count) > 0) return false;
    this.charge(key, now, count);
    return true;
  }

  /**
   * Returns the milliseconds until the key has `count` tokens; 0 if it has them. For more tokens than the burst, a full
   * bucket is enough.
   */
  waitMs(key: string, now: number, count = 1): number {
    const bucket = this.buckets.get(key) ?? (this.isCrowded(now) ? this.overflow : undefined);
    if (bucket === undefined) return 0;
    const spare = (this.burst - Math.min(count, this.burst)) * this.msPerToken;
    const wait = bucket.fullAt - now - spare;
    return wait > ROUNDING_MS ? wait : 0;
  }

  /** Charges `count` tokens even if the key does not have them. A debt delays later requests. */
  charge(key: string, now: number, count = 1): void {
    const bucket = this.buckets.get(key) ?? this.add(key, now);
    bucket.fullAt = Math.max(bucket.fullAt, now) + count * this.msPerToken;
  }

  /** Refunds a charge for a request that did not happen. */
  refund(key: string, count = 1): void {
    const bucket = this.buckets.get(key);
    if (bucket !== undefined) bucket.fullAt -= count * this.msPerToken;
  }

  private add(key: string, now: number): Bucket {
    this.forgetIdle(now);
    if (this.isCrowded(now)) return this.overflow;
    const bucket = { fullAt: now };
    this.buckets.set(key, bucket);
    return bucket;
  }

  /** Checks two keys for each new key, in turn, so that idle keys are removed at least as fast as new keys are added. */
  private forgetIdle(now: number): void {
    for (let checks = 0; checks < 2; checks += 1) {
      const next = this.cursor.next();
      if (next.done === true) this.cursor = this.buckets.entries();
      else if (next.value[1].fullAt <= now) this.buckets.delete(next.value[0]);
    }
  }

  /** Returns true if the limit of keys is reached, even after a sweep. */
  private isCrowded(now: number): boolean {
    if (this.buckets.size < this.maxKeys) return false;
    if (now < this.sweepAllowedAt) return true;
    this.sweep(now);
    if (this.buckets.size > (this.maxKeys * 7) / 8) this.sweepAllowedAt = now + SWEEP_PAUSE_MS;
    return this.buckets.size >= this.maxKeys;
  }

  /** Forgets a quarter of the keys: those with the most tokens, but no key with less than one token. */
  private sweep(now: number): void {
    const times = Float64Array.from(this.buckets.values(), ({ fullAt }) => fullAt).sort();
    const firstQuartile = times[Math.floor(times.length / 4)]!;
    const lastWithToken = now + Math.max(0, this.burst - 1) * this.msPerToken;
    const limit = Math.max(now, Math.min(firstQuartile, lastWithToken));
    for (const [key, { fullAt }] of this.buckets) if (fullAt <= limit) this.buckets.delete(key);
  }
}
