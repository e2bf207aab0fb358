import type { Principal } from '../auth/principal.js';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

/** Whether this user, and its tenant, may have one connection more here. */
export function isWithinConnectionLimits(
  registry: ConnectionRegistry,
  { maxConnectionsPerUser, tenants }: ResolvedRealtimeOptions,
  { userKey, tenant }: Principal,
): boolean {
  if (registry.ofUser(userKey).size >= maxConnectionsPerUser) return false;
  return tenant === null || registry.ofTenant(tenant).connections.size < tenants.maxConnections;
}
