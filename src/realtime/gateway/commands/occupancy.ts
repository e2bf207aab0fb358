import { ProtocolError } from '../../../protocol/index.js';
import { topicFor } from '../../channels/topic-for.js';
import type { Command } from './command.js';
import { SubscriptionGrant } from './subscription-grant.js';

/**
 * `{"type":"occupancy",…}`: answers with the number of subscriptions of a channel if the client can use it. With `watch` a
 * subscriber receives each later number too.
 */
export const occupancy: Command<'occupancy'> = {
  cost: () => 4_096,
  run: async ({ policy, occupancy: service }, connection, { channel, watch = false, ref }) => {
    const grant = await SubscriptionGrant.authorize(policy, connection, channel);
    if (!grant.channel.occupancy) throw new ProtocolError('occupancy_disabled', { channel });
    const count = await service.countOf(topicFor(connection.principal, channel, grant.channel));
    if (!grant.isCurrent) await grant.renew();
    const subscription = connection.subscriptions.get(channel);
    if (watch && subscription === undefined) throw new ProtocolError('not_subscribed', { channel });
    connection.send({ type: 'occupancy', counts: { [channel]: count } }, ref);
    if (watch) service.watch(subscription!, count);
  },
};
