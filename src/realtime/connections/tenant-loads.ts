import type { Connection } from './connection.js';

/** The load of a tenant on this instance. */
export interface TenantLoad {
  readonly connections: Set<Connection>;
  subscriptions: number;
}

/** The load of each tenant on this instance. Tenants without connections are removed. */
export class TenantLoads implements Iterable<[tenant: string, load: Readonly<TenantLoad>]> {
  private readonly loads = new Map<string, TenantLoad>();

  get(tenant: string): Readonly<TenantLoad> {
    return this.loads.get(tenant) ?? NOTHING;
  }

  [Symbol.iterator](): Iterator<[tenant: string, load: Readonly<TenantLoad>]> {
    return this.loads.entries();
  }

  add(tenant: string, connection: Connection): void {
    let load = this.loads.get(tenant);
    if (load === undefined) this.loads.set(tenant, (load = { connections: new Set(), subscriptions: 0 }));
    load.connections.add(connection);
    load.subscriptions += connection.subscriptions.size;
  }

  remove(tenant: string, connection: Connection): void {
    const load = this.loads.get(tenant);
    if (load?.connections.delete(connection) !== true) return;
    load.subscriptions -= connection.subscriptions.size;
    if (load.connections.size === 0) this.loads.delete(tenant);
  }

  /** Counts a subscription (1) or its end (-1) of a connection that was added before. */
  countSubscription(tenant: string, by: 1 | -1): void {
    const load = this.loads.get(tenant);
    if (load !== undefined) load.subscriptions += by;
  }
}

const NOTHING: TenantLoad = { connections: new Set(), subscriptions: 0 };
