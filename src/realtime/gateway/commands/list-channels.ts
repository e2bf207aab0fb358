import type { Command } from './command.js';

/** `{"type":"list_channels"}` → what this user may use, and what this connection has. */
export const listChannels: Command<'list_channels'> = ({ policy }, connection, { ref }) => {
  const channels = policy.authorizedChannels(connection.principal);
  connection.send({ type: 'channels', channels, subscribed: [...connection.subscriptions.keys()] }, ref);
};
