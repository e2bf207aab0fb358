import { limitedUserOf } from '../auth/guest.js';
import type { Principal } from '../auth/principal.js';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

/** Returns true if the user and its tenant can open another connection on this instance. */
export function isWithinConnectionLimits(
  registry: ConnectionRegistry,
  { maxConnectionsPerUser, tenants }: ResolvedRealtimeOptions,
  principal: Principal,
): boolean {
  const [user, { tenant }] = [limitedUserOf(principal), principal];
  if (user !== null && registry.ofUser(user).size >= maxConnectionsPerUser) return false;
  return tenant === null || registry.ofTenant(tenant).connections.size < tenants.maxConnections;
}
