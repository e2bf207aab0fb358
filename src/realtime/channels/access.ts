import { USER_GROUP } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import type { Audience, Channel } from './channel-catalogue.js';

/** Returns true if the principal is in the tenant of the channel, or the channel is global. */
export function isInReach({ global }: Audience, principal: Principal | null, hasTenants: boolean): boolean {
  return !hasTenants || global || (principal !== null && principal.tenant !== null);
}

/**
 * Returns true if the access rule grants the channel without a policy.
 * @param params the values of the pattern's parameters
 */
export function isGranted(
  audience: Audience,
  principal: Principal | null,
  params: Readonly<Record<string, string>>,
  hasTenants: boolean,
): boolean {
  const { access, global } = audience;
  if (!isInReach(audience, principal, hasTenants)) return false;
  if (access === 'public') return true;
  if (principal === null || (typeof access === 'object' && 'policy' in access)) return false;
  if (access === 'authenticated') return true;
  // Global channels for administrators belong to the platform: an admin of a tenant has no access.
  if (principal.isAdmin) return !global || principal.homeTenant === null;
  if (typeof access === 'object') {
    if ('roles' in access && principal.roles.some((role) => access.roles.includes(role))) return true;
    if (
      'owner' in access &&
      principal.guest === undefined &&
      Object.hasOwn(params, access.owner) &&
      params[access.owner] === segmentOf(principal)
    ) {
      return true;
    }
  }
  return false;
}

/** Returns the field groups that a principal has without a policy: its roles. */
export function ownGroups({ global }: Audience, principal: Principal | null): readonly string[] {
  if (principal === null) return [];
  // Same rule as for channels: on a global channel, the groups of administrators are for platform administrators only.
  return global && principal.isAdmin && principal.homeTenant !== null ? [] : principal.roles;
}

/**
 * Returns the id by which events of a channel can name this user. Returns `null` for guests, and if users of other
 * tenants can have the same id there.
 */
export function userIdIn({ global }: Audience, principal: Principal | null, hasTenants: boolean): string | null {
  if (principal === null || principal.guest !== undefined) return null;
  return hasTenants && (global || principal.homeTenant === null) ? null : principal.user.userId;
}

/** Returns the roles named in the access rules of these channels. */
export function knownRoles(channels: Iterable<[name: string, channel: Channel]>): ReadonlySet<string> {
  return new Set(
    [...channels].flatMap(([, { access }]) => (typeof access === 'object' && 'roles' in access ? access.roles : [])),
  );
}

/** Returns the user id as it is encoded in channel names. */
function segmentOf({ channel }: Principal): string {
  return channel.slice(USER_GROUP.length + 1);
}
