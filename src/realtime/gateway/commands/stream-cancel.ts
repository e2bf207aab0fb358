import { ProtocolError } from '../../../protocol/index.js';
import type { Command } from './command.js';
import { SubscriptionGrant } from './subscription-grant.js';

/** `{"type":"stream_cancel",…}`: asks the writer of a stream to stop; answers once its instance has received the request. */
export const streamCancel: Command<'stream_cancel'> = {
  cost: () => 4_096,
  run: async ({ policy }, connection, { channel }) => {
    const grant = await SubscriptionGrant.authorize(policy, connection, channel);
    if (grant.channel.stream === null) throw new ProtocolError('stream_disabled', { channel });
    throw new ProtocolError('not_found', { channel, message: 'No stream of this channel is open' });
  },
};
