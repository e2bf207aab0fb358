import { channelOf, tenantOf } from '../tenants/topic.js';

/** Counted thing: the subscriptions of a channel, or the connections of a user. */
export type Counted =
  | { readonly kind: 'channel'; readonly topic: string; readonly channel: string; readonly tenant: string | null }
  | { readonly kind: 'user'; readonly userId: string; readonly tenant: string | null };

export function keyOfTopic(topic: string): string {
  return `c:${topic}`;
}

export function keyOfUser(userKey: string): string {
  return `u:${userKey}`;
}

/**
 * Parses a key.
 * @param hasTenants the option `tenants` is set, so that the key of a user begins with the tenant
 * @returns `null` for a key that no instance wrote
 */
export function countedBy(key: string, hasTenants: boolean): Counted | null {
  const rest = key.slice(2);
  try {
    if (key.startsWith('c:')) return { kind: 'channel', topic: rest, channel: channelOf(rest), tenant: tenantOf(rest) };
    if (!key.startsWith('u:')) return null;
    if (!hasTenants) return { kind: 'user', userId: rest, tenant: null };
    return { kind: 'user', userId: channelOf(rest), tenant: tenantOf(rest) || null };
  } catch {
    return null; // the tenant is not percent-encoded
  }
}
