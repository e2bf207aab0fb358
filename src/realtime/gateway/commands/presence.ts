import { ProtocolError } from '../../../protocol/index.js';
import { topicFor } from '../../channels/topic-for.js';
import type { Command } from './command.js';
import { SubscriptionGrant } from './subscription-grant.js';

/** `{"type":"presence",…}`: answers with the members of a channel if the client can use it. */
export const presence: Command<'presence'> = {
  cost: () => 4_096,
  run: async (services, connection, { channel, ref }) => {
    const grant = await SubscriptionGrant.authorize(services.policy, connection, channel);
    const known = grant.channel;
    if (!known.presence) throw new ProtocolError('presence_disabled', { channel });
    const { members, count } = await services.presence.list(topicFor(connection.principal, channel, known));
    if (!grant.isCurrent) await grant.renew();
    connection.send({ type: 'presence', channel, members, count }, ref);
  },
};
