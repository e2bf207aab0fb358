/**
 * Topics: the internal keys of channels. Clients of all tenants use the same channel names. Internally the tenant
 * precedes the name (`acme/apps:created`), so that everything stored, sent or counted by topic belongs to one tenant. A
 * channel without a tenant (without the option `tenants`, or a global one) is its own topic.
 */

/** Separator that occurs neither in channel names nor in encoded tenants. */
const BETWEEN = '/';

/** Maximum length of a tenant in bytes, as encoded by {@link encodeTenant}. */
export const MAX_TENANT_BYTES = 200;

/** Returns the problem of a tenant as a sentence without its subject; `null` if it is valid. */
export function tenantProblem(tenant: unknown): string | null {
  if (typeof tenant !== 'string' || tenant === '') return 'must be a non-empty string';
  try {
    return encodeTenant(tenant).length > MAX_TENANT_BYTES ? `must have at most ${MAX_TENANT_BYTES} bytes` : null;
  } catch {
    return 'must be well-formed Unicode'; // a lone surrogate has no UTF-8
  }
}

/**
 * Returns the topic of a channel.
 * @param tenant a valid tenant (see {@link tenantProblem}), or `null`
 */
export function topicOf(tenant: string | null, channel: string): string {
  return tenant === null ? channel : encodeTenant(tenant) + BETWEEN + channel;
}

/** Returns the channel name, as clients use it. */
export function channelOf(topic: string): string {
  return topic.slice(topic.indexOf(BETWEEN) + 1);
}

/** Returns the tenant of a topic; `null` if it has none. */
export function tenantOf(topic: string): string | null {
  const at = topic.indexOf(BETWEEN);
  return at < 0 ? null : decodeURIComponent(topic.slice(0, at));
}

/** Returns the unique key of a user, because two tenants can have users with the same id. */
export function userKeyOf(tenant: string | null, userId: string): string {
  return (tenant === null ? '' : encodeTenant(tenant)) + BETWEEN + userId;
}

/** Percent-encodes a tenant, so that it contains no character that is special in a key of Redis or in a topic. */
export function encodeTenant(tenant: string): string {
  return encodeURIComponent(tenant).replace(/[!~*'()]/g, percent);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
