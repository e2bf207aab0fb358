import type { Principal } from '../auth/principal.js';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

/** Returns true if the user and its tenant can open another connection on this instance. */
export function isWithinConnectionLimits(
  registry: ConnectionRegistry,
  { maxConnectionsPerUser, tenants }: ResolvedRealtimeOptions,
  { userKey, tenant }: Principal,
): boolean {
  if (registry.ofUser(userKey).size >= maxConnectionsPerUser) return false;
  return tenant === null || registry.ofTenant(tenant).connections.size < tenants.maxConnections;
}
