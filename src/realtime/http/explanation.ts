import type { Access } from '../channels/channel-catalogue.js';
import type { ChannelExplanation } from '../channels/channel-policy.service.js';

/** Explains why a user can or cannot use a channel. */
export interface Explanation {
  readonly channel: string;
  readonly allowed: boolean;
  /** The pattern of the rule that the channel matches; `null` if no rule matches. */
  readonly rule: string | null;
  /** The policy that decided, by the name of its class; `null` where the rule did. */
  readonly policy: string | null;
  /** Why not, as a sentence; where a policy decided, what it gave as its reason either way. `null` where there is none. */
  readonly reason: string | null;
  /** The groups of fields that the policy grants beside those of the role. */
  readonly groups: readonly string[];
  /** The fields that the policy grants by name. */
  readonly fields: readonly string[];
}

/** The decision as operators receive it. */
export function explanationOf({ channel, verdict, registered, rule, policy }: ChannelExplanation): Explanation {
  const allowed = verdict === 'granted';
  const { groups, fields } = allowed && policy !== null ? policy : { groups: [], fields: [] };
  const told = {
    channel,
    allowed,
    rule: registered && rule !== null ? rule.pattern : null,
    policy: policy?.name ?? null,
    ...{ groups, fields },
  };
  if (policy !== null && (policy.outcome !== 'allowed' || allowed)) return { ...told, reason: policy.reason };
  if (allowed) return { ...told, reason: null };
  const isUnknown = verdict === 'unknown_channel' || rule === null;
  return { ...told, reason: isUnknown ? 'The channel is not registered' : reasonOf(rule.access) };
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
