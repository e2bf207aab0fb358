import { ProtocolError } from '../../../protocol/index.js';
import type { Command } from './command.js';

/** `{"type":"presence",…}`: no channel has presence, so whoever may use the channel is told that. */
export const presence: Command<'presence'> = async ({ policy }, connection, { channel }) => {
  await policy.authorize(connection.principal, channel);
  throw new ProtocolError('presence_disabled', { channel });
};
