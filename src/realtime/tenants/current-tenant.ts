import { AsyncLocalStorage } from 'node:async_hooks';

/** The tenant that the running code belongs to: whatever it awaits and calls belongs to it too. */
const current = new AsyncLocalStorage<string | null>();

/** Runs code for a tenant; inside another one it is of the inner one, and of none for `null`. */
export function inTenant<T>(tenant: string | null, run: () => T): T {
  return current.run(tenant, run);
}

/** The tenant of the running code; `null` where it has none. */
export function currentTenant(): string | null {
  return current.getStore() ?? null;
}
