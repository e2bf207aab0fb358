/** Keys that one set of buckets remembers at a time, unless said otherwise. */
const DEFAULT_MAX_KEYS = 10_000;

/** After a sweep that freed little, the next one waits this long: sweeping must not become the attack. */
const SWEEP_PAUSE_MS = 100;

/** Sums of fractions of milliseconds are this exact. */
const ROUNDING_MS = 0.001;

/** When this bucket is full again, in milliseconds. Everything else about a token bucket follows from it. */
interface Bucket {
  fullAt: number;
}

export interface KeyedBucketLimits {
  /** Tokens that each key earns per second; fractions are allowed. */
  readonly perSecond: number;
  /** Tokens that a key without recent use has. @default twice `perSecond` */
  readonly burst?: number;
  /** Keys that are remembered at a time. @default 10000 */
  readonly maxKeys?: number;
}

/**
 * A token bucket for each key (user, address, tenant), with bounded memory.
 *
 * A full bucket is the same as none, so idle keys are forgotten. When there are too many keys, those with the most tokens
 * are forgotten first, and never one that has less than one token: a client with many keys cannot reset a key that is over
 * its limit. If every remembered key is over its limit, all further keys share one bucket.
 *
 * `now` is always in milliseconds of a clock that only goes forward.
 */
export class KeyedBuckets {
  readonly burst: number;
  private readonly buckets = new Map<string, Bucket>();
  /** Goes round the keys, to find idle ones. */
  private cursor = this.buckets.entries();
  /** Shared by the keys that find no room. */
  private readonly overflow: Bucket = { fullAt: 0 };
  private readonly msPerToken: number;
  private readonly maxKeys: number;
  private sweepAllowedAt = -Infinity;

  constructor({ perSecond, burst = 2 * perSecond, maxKeys = DEFAULT_MAX_KEYS }: KeyedBucketLimits) {
    this.burst = burst;
    this.msPerToken = 1000 / perSecond;
    this.maxKeys = maxKeys;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.buckets.size;
  }

  /** Charges `count` tokens if the key has them, and returns if it had. */
  take(key: string, now: number, count = 1): boolean {
    if (this.waitMs(key, now, count) > 0) return false;
    this.charge(key, now, count);
    return true;
  }

  /** Milliseconds until the key has `count` tokens; 0 if it has them. More than the burst needs a full bucket only. */
  waitMs(key: string, now: number, count = 1): number {
    const bucket = this.buckets.get(key) ?? (this.isCrowded(now) ? this.overflow : undefined);
    if (bucket === undefined) return 0;
    const spare = (this.burst - Math.min(count, this.burst)) * this.msPerToken;
    const wait = bucket.fullAt - now - spare;
    return wait > ROUNDING_MS ? wait : 0;
  }

  /** Charges `count` tokens whether the key has them or not; a debt delays what follows. */
  charge(key: string, now: number, count = 1): void {
    const bucket = this.buckets.get(key) ?? this.add(key, now);
    bucket.fullAt = Math.max(bucket.fullAt, now) + count * this.msPerToken;
  }

  /** Gives back what was charged for something that did not happen. */
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

  /** Looks at two keys for each new one, in turns, so that idle keys leave at least as fast as new ones come. */
  private forgetIdle(now: number): void {
    for (let looks = 0; looks < 2; looks += 1) {
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

  /** Forgets a quarter of the keys: those with the most tokens, but none with less than one. */
  private sweep(now: number): void {
    const times = Float64Array.from(this.buckets.values(), ({ fullAt }) => fullAt).sort();
    const aQuarter = times[Math.floor(times.length / 4)]!;
    const stillHasOne = now + Math.max(0, this.burst - 1) * this.msPerToken;
    const limit = Math.max(now, Math.min(aQuarter, stillHasOne));
    for (const [key, { fullAt }] of this.buckets) if (fullAt <= limit) this.buckets.delete(key);
  }
}
