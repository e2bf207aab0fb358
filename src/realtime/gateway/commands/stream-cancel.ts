import { ProtocolError } from '../../../protocol/index.js';
import { topicFor } from '../../channels/topic-for.js';
import type { Command } from './command.js';
import { SubscriptionGrant } from './subscription-grant.js';

/** `{"type":"stream_cancel",…}`: asks the writer of a stream to stop; answers once its instance has received the request. */
export const streamCancel: Command<'stream_cancel'> = {
  cost: () => 4_096,
  run: async ({ policy, streams }, connection, { channel, ref }) => {
    const grant = await SubscriptionGrant.authorize(policy, connection, channel);
    if (grant.channel.stream === null) throw new ProtocolError('stream_disabled', { channel });
    if (!(await policy.canCancel(connection.principal, channel))) {
      throw new ProtocolError('forbidden', { channel, message: 'Not authorized to cancel this stream' });
    }
    if (!grant.isCurrent) await grant.renew();
    const outcome = await streams.cancelTopic(topicFor(connection.principal, channel, grant.channel));
    if (outcome === 'not_found') {
      throw new ProtocolError('not_found', { channel, message: 'No stream of this channel is open' });
    }
    if (outcome === 'unavailable') throw new ProtocolError('unavailable', { channel });
    connection.send({ type: 'stream_cancelled', channel }, ref);
  },
};
