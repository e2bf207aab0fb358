import { TokenBucket } from '../limits/token-bucket.js';

/** Tenants whose events are counted at a time; whoever published longest ago is forgotten first. */
const MAX_COUNTED = 10_000;

/** How many events each tenant publishes. */
export class TenantRates {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(private readonly perSecond: number) {}

  /** Whether one more event of this tenant may come now; it is counted then. @param now `performance.now()` */
  take(tenant: string, now: number): boolean {
    const bucket = this.buckets.get(tenant) ?? new TokenBucket(this.perSecond, now);
    this.buckets.delete(tenant);
    this.buckets.set(tenant, bucket);
    if (this.buckets.size > MAX_COUNTED) this.buckets.delete(this.buckets.keys().next().value!);
    return bucket.take(now);
  }
}
