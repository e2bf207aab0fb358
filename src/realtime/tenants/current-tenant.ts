import { AsyncLocalStorage } from 'node:async_hooks';

/** Tenant of the running code, including everything that it awaits and calls. */
const current = new AsyncLocalStorage<string | null>();

/** Runs code for a tenant. A nested call replaces the tenant; `null` means no tenant. */
export function inTenant<T>(tenant: string | null, run: () => T): T {
  return current.run(tenant, run);
}

/** Returns the tenant of the running code, or `null`. */
export function currentTenant(): string | null {
  return current.getStore() ?? null;
}
