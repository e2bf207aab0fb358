import type { Principal } from '../auth/principal.js';
import { topicOf } from '../tenants/topic.js';
import type { Channel } from './channel-catalogue.js';

/**
 * Returns the topic of a channel for a principal: without tenant if the channel is global, otherwise in the principal's tenant.
 */
export function topicFor(principal: Principal | null, name: string, { global }: Pick<Channel, 'global'>): string {
  return topicOf(global || principal === null ? null : principal.tenant, name);
}
