import type { Access } from '../channels/channel-catalogue.js';
import type { ChannelExplanation } from '../channels/channel-policy.service.js';
import type { Explanation } from './operator-shapes.js';

/** Converts a decision into the answer for operators. */
export function explanationOf(explained: ChannelExplanation): Explanation {
  const { channel, verdict, registered, rule, policy } = explained;
  const allowed = verdict === 'granted';
  const { groups, fields } = allowed && policy !== null ? policy : { groups: [], fields: [] };
  const common = {
    channel,
    allowed,
    rule: registered && rule !== null ? rule.pattern : null,
    policy: policy?.name ?? null,
    ...{ groups, fields },
  };
  if (explained.isOutsideLimit) return { ...common, reason: 'The token is limited to other channels' };
  if (policy !== null && (policy.outcome !== 'allowed' || allowed)) return { ...common, reason: policy.reason };
  if (allowed) return { ...common, reason: null };
  const isUnknown = verdict === 'unknown_channel' || rule === null;
  return { ...common, reason: isUnknown ? 'The channel is not registered' : reasonOf(rule.access) };
}

const REASONS = {
  public: 'The channel exists in each tenant and is open to every client with a tenant',
  authenticated: 'The channel requires a token and, with tenants, a tenant',
  admin: 'The channel is for administrators only',
} as const;

function reasonOf(access: Access): string {
  if (typeof access === 'string') return REASONS[access];
  if ('roles' in access) return `The channel is for the roles ${access.roles.join(', ')} and for administrators`;
  if ('owner' in access) return 'The channel is private to its owner and administrators';
  return 'The channel exists in each tenant, and this client has no tenant';
}
