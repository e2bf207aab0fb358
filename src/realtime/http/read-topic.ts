import { BadRequestException, NotFoundException } from '@nestjs/common';
import type { Channel, ChannelCatalogue } from '../channels/channel-catalogue.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { tenantProblem, topicOf } from '../tenants/topic.js';

/**
 * Finds the channel that an operator names, and its topic.
 * @throws NotFoundException for an unknown channel
 * @throws BadRequestException if the tenant is missing, invalid, or given for a global channel
 */
export function readTopic(
  catalogue: ChannelCatalogue,
  { tenants }: Pick<ResolvedRealtimeOptions, 'tenants'>,
  name: string,
  tenant: string | undefined,
): { readonly topic: string; readonly found: Channel } {
  const found = catalogue.find(name);
  if (found === null) throw new NotFoundException('Channel not found');
  const isOfTenant = tenants.claim !== undefined && !found.global;
  if (!isOfTenant) {
    if (tenant === undefined) return { topic: name, found };
    throw new BadRequestException('tenant must not be given: the channel is global');
  }
  const problem = tenant === undefined ? 'is missing: the channel exists once for each tenant' : tenantProblem(tenant);
  if (problem !== null) throw new BadRequestException(`tenant ${problem}`);
  return { topic: topicOf(tenant!, name), found };
}
