/** Number of buckets for a factor of two: a percentile is exact to 9 %. */
const PER_DOUBLING = 4;
/** Shortest and longest duration that is measured exactly, in milliseconds: 16 µs and 73 minutes. */
const SHORTEST = 1 / 64;
const LONGEST = 2 ** 22;
const OFFSET = Math.round(Math.log2(SHORTEST) * PER_DOUBLING);

/** Number of buckets. */
export const BUCKETS = Math.round(Math.log2(LONGEST) * PER_DOUBLING) - OFFSET + 1;

/** A bucket that is not empty. */
export interface DurationCount {
  readonly bucket: number;
  readonly count: number;
}

/** Durations in buckets of a logarithmic scale, which can be added up over instances. */
export class DurationBuckets {
  private readonly counts = new Uint32Array(BUCKETS);

  /** Number of durations. */
  get size(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  record(ms: number): void {
    const index = Math.round(Math.log2(Math.min(Math.max(ms, SHORTEST), LONGEST)) * PER_DOUBLING) - OFFSET;
    this.counts[index]! += 1;
  }

  add(counts: Iterable<DurationCount>): void {
    for (const { bucket, count } of counts) if (bucket < BUCKETS) this.counts[bucket]! += count;
  }

  /** Returns the buckets that are not empty. */
  list(): DurationCount[] {
    return [...this.counts].flatMap((count, bucket) => (count > 0 ? [{ bucket, count }] : []));
  }

  /** Returns the median and the 99th percentile, in milliseconds; `null` without durations. */
  percentiles(): { readonly p50: number; readonly p99: number } | null {
    const { size } = this;
    return size === 0 ? null : { p50: this.percentile(0.5 * size), p99: this.percentile(0.99 * size) };
  }

  private percentile(rank: number): number {
    let below = 0;
    const index = this.counts.findIndex((count) => (below += count) >= rank);
    return Number((2 ** ((index + OFFSET) / PER_DOUBLING)).toPrecision(3));
  }
}
