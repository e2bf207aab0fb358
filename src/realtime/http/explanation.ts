import type { Access } from '../channels/channel-catalogue.js';
import type { ChannelExplanation } from '../channels/channel-policy.service.js';

/** Why somebody may use a channel, or may not. */
export interface Explanation {
  readonly channel: string;
  readonly allowed: boolean;
  /** The pattern of the rule under which the channel falls; `null` where nobody registered it. */
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
  return { ...told, reason: isUnknown ? 'Nobody registered such a channel' : reasonOf(rule.access) };
}

const REASONS = {
  public: 'Each tenant has such a channel: it is for everybody who is in one',
  authenticated: 'It is for those who have a token, and are in a tenant where each has such a channel',
  admin: 'It is for administrators',
} as const;

function reasonOf(access: Access): string {
  if (typeof access === 'string') return REASONS[access];
  if ('roles' in access) return `It is for the roles ${access.roles.join(', ')}, and for administrators`;
  if ('owner' in access) return 'It is private to its user, and to administrators';
  return 'Each tenant has such a channel, and nobody is asked who is in none';
}
