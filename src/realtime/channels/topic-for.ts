import type { Principal } from '../auth/principal.js';
import { topicOf } from '../tenants/topic.js';
import type { Channel } from './channel-catalogue.js';

/** The topic of a channel for whoever may use it: one for all tenants where it is global, else that of its own. */
export function topicFor(principal: Principal | null, name: string, { global }: Pick<Channel, 'global'>): string {
  return topicOf(global || principal === null ? null : principal.tenant, name);
}
