/**
 * Topics: what channels are called inside the house. On the wire every tenant has the same names; here the tenant stands
 * before the name, so that whatever is kept, carried or counted by topic belongs to one tenant: `acme/apps:created`. A
 * channel of no tenant (without the option `tenants`, or a global one) is its own topic.
 */

/** Stands in no name of a channel, and in no encoded tenant. */
const BETWEEN = '/';

/** The longest tenant, in bytes as {@link encodeTenant} writes it. */
export const MAX_TENANT_BYTES = 200;

/** What is wrong with a tenant, as a sentence without its subject; `null` when nothing is. */
export function tenantProblem(tenant: unknown): string | null {
  if (typeof tenant !== 'string' || tenant === '') return 'must be a text that is not empty';
  try {
    return encodeTenant(tenant).length > MAX_TENANT_BYTES ? `must have at most ${MAX_TENANT_BYTES} bytes` : null;
  } catch {
    return 'must be well-formed Unicode'; // a lone surrogate has no UTF-8
  }
}

/** @param tenant a good one (see {@link tenantProblem}); `null` for none */
export function topicOf(tenant: string | null, channel: string): string {
  return tenant === null ? channel : encodeTenant(tenant) + BETWEEN + channel;
}

/** The name on the wire. */
export function channelOf(topic: string): string {
  return topic.slice(topic.indexOf(BETWEEN) + 1);
}

/** Whose topic it is; `null` for nobody's. */
export function tenantOf(topic: string): string | null {
  const at = topic.indexOf(BETWEEN);
  return at < 0 ? null : decodeURIComponent(topic.slice(0, at));
}

/** What a user is known by where two tenants may have users with the same id: no two users have the same. */
export function userKeyOf(tenant: string | null, userId: string): string {
  return (tenant === null ? '' : encodeTenant(tenant)) + BETWEEN + userId;
}

/** Percent-encoded: of what it holds, nothing has a meaning in a name of Redis or in a topic. */
function encodeTenant(tenant: string): string {
  return encodeURIComponent(tenant).replace(/[!~*'()]/g, percent);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
