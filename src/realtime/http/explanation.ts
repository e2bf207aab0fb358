import { ProtocolError } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import type { Audience, ChannelCatalogue } from '../channels/channel-catalogue.js';
import type { ChannelPolicyService } from '../channels/channel-policy.service.js';

/** Why somebody may use a channel, or may not. */
export interface Explanation {
  readonly channel: string;
  readonly allowed: boolean;
  /** The pattern of the rule under which the channel falls; `null` where nobody registered it. */
  readonly rule: string | null;
  /** The policy that decided; `null` where the rule did. */
  readonly policy: string | null;
  /** Why not, as a sentence; `null` where it is allowed. */
  readonly reason: string | null;
}

/** Asks as a `subscribe` would. */
export async function explain(
  { policy, catalogue }: { readonly policy: ChannelPolicyService; readonly catalogue: ChannelCatalogue },
  principal: Principal | null,
  name: string,
): Promise<Explanation> {
  const rule = catalogue.find(name)?.pattern ?? null;
  const refused = await policy.authorize(principal, name).then(
    () => null,
    (error: unknown) => {
      if (error instanceof ProtocolError) return error;
      throw error;
    },
  );
  const reason = refused === null ? null : reasonOf(refused, catalogue.audienceOf(name));
  return { channel: name, allowed: refused === null, rule, policy: null, reason };
}

const REASONS = {
  public: 'Each tenant has such a channel: it is for everybody who is in one',
  authenticated: 'It is for those who have a token, and are in a tenant where each has such a channel',
  admin: 'It is for administrators',
  owner: 'It is private to its user, and to administrators',
} as const;

function reasonOf({ code }: ProtocolError, audience: Audience | null): string {
  return code === 'unknown_channel' || audience === null
    ? 'Nobody registered such a channel'
    : REASONS[audience.access];
}
