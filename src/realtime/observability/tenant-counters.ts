/** Counters of one tenant since the start. */
export interface TenantCounters {
  /** Events published by this instance and acknowledged. */
  published: number;
  /** Events written to connections of this instance, counted once per connection. */
  delivered: number;
  /** Connections closed because they read too slowly. */
  slowConsumersClosed: number;
}

/** Maximum number of tenants. Beyond it the oldest are removed and start at 0 again. */
const MAX_TENANTS = 10_000;

/** Counters of all tenants. */
export class CountersByTenant implements Iterable<[tenant: string, counters: Readonly<TenantCounters>]> {
  private readonly counters = new Map<string, TenantCounters>();

  /** @param tenant `null` is not counted */
  add(tenant: string | null, counter: keyof TenantCounters, by = 1): void {
    if (tenant === null) return;
    let counters = this.counters.get(tenant);
    if (counters === undefined) {
      if (this.counters.size >= MAX_TENANTS) this.counters.delete(this.counters.keys().next().value!);
      this.counters.set(tenant, (counters = { published: 0, delivered: 0, slowConsumersClosed: 0 }));
    }
    counters[counter] += by;
  }

  of(tenant: string): Readonly<TenantCounters> {
    return this.counters.get(tenant) ?? NOTHING;
  }

  [Symbol.iterator](): Iterator<[tenant: string, counters: Readonly<TenantCounters>]> {
    return this.counters.entries();
  }
}

const NOTHING: Readonly<TenantCounters> = { published: 0, delivered: 0, slowConsumersClosed: 0 };
