import { ProtocolError } from '../../../protocol/index.js';
import { topicFor } from '../../channels/topic-for.js';
import type { Command } from './command.js';

/** `{"type":"presence",…}` → who is here, for whoever may use the channel. */
export const presence: Command<'presence'> = async (services, connection, { channel, ref }) => {
  const known = await services.policy.authorize(connection.principal, channel);
  if (!known.presence) throw new ProtocolError('presence_disabled', { channel });
  const { members, count } = await services.presence.list(topicFor(connection.principal, channel, known));
  connection.send({ type: 'presence', channel, members, count }, ref);
};
