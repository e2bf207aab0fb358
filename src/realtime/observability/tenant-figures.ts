/** What this instance has done for one tenant since it started. */
export interface TenantFigures {
  /** Events that `emit` acknowledged here. */
  published: number;
  /** Events written to a connection here, one for each that got it. */
  delivered: number;
  /** Connections closed because they read too slowly. */
  slowConsumersClosed: number;
}

/** Tenants whose figures are kept; of more, those that appeared first are forgotten, and count from 0 again. */
const MAX_TENANTS = 10_000;

/** What this instance has done for each tenant. */
export class FiguresOfTenants implements Iterable<[tenant: string, figures: Readonly<TenantFigures>]> {
  private readonly figures = new Map<string, TenantFigures>();

  /** @param tenant `null` for nobody's, which is not counted here */
  add(tenant: string | null, figure: keyof TenantFigures, by = 1): void {
    if (tenant === null) return;
    let figures = this.figures.get(tenant);
    if (figures === undefined) {
      if (this.figures.size >= MAX_TENANTS) this.figures.delete(this.figures.keys().next().value!);
      this.figures.set(tenant, (figures = { published: 0, delivered: 0, slowConsumersClosed: 0 }));
    }
    figures[figure] += by;
  }

  of(tenant: string): Readonly<TenantFigures> {
    return this.figures.get(tenant) ?? NOTHING;
  }

  [Symbol.iterator](): Iterator<[tenant: string, figures: Readonly<TenantFigures>]> {
    return this.figures.entries();
  }
}

const NOTHING: Readonly<TenantFigures> = { published: 0, delivered: 0, slowConsumersClosed: 0 };
