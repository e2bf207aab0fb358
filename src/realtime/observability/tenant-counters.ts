/** The counters of one tenant since the start. */
export interface TenantCounters {
  /** Events that `emit` acknowledged here. */
  published: number;
  /** Events written to a connection here, one for each that got it. */
  delivered: number;
  /** Connections closed because they read too slowly. */
  slowConsumersClosed: number;
}

/** The maximum number of tenants; beyond it, the oldest are removed and start at 0 again. */
const MAX_TENANTS = 10_000;

/** The counters of all tenants. */
export class CountersByTenant implements Iterable<[tenant: string, figures: Readonly<TenantCounters>]> {
  private readonly figures = new Map<string, TenantCounters>();

  /** @param tenant `null` is not counted */
  add(tenant: string | null, figure: keyof TenantCounters, by = 1): void {
    if (tenant === null) return;
    let figures = this.figures.get(tenant);
    if (figures === undefined) {
      if (this.figures.size >= MAX_TENANTS) this.figures.delete(this.figures.keys().next().value!);
      this.figures.set(tenant, (figures = { published: 0, delivered: 0, slowConsumersClosed: 0 }));
    }
    figures[figure] += by;
  }

  of(tenant: string): Readonly<TenantCounters> {
    return this.figures.get(tenant) ?? NOTHING;
  }

  [Symbol.iterator](): Iterator<[tenant: string, figures: Readonly<TenantCounters>]> {
    return this.figures.entries();
  }
}

const NOTHING: Readonly<TenantCounters> = { published: 0, delivered: 0, slowConsumersClosed: 0 };
