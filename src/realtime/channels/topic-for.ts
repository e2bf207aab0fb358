import type { Principal } from '../auth/principal.js';
import { topicOf } from '../tenants/topic.js';
import type { Channel } from './channel-catalogue.js';

/**
 * The topic of a channel for a principal: shared by all tenants if the channel is global, otherwise that of its tenant.
 */
export function topicFor(principal: Principal | null, name: string, { global }: Pick<Channel, 'global'>): string {
  return topicOf(global || principal === null ? null : principal.tenant, name);
}
