import type { Command } from './command.js';

/**
 * `{"type":"list_channels"}`: answers with the channels that the user can use and with the subscriptions of this
 * connection.
 */
export const listChannels: Command<'list_channels'> = {
  cost: () => 1_024,
  run: ({ policy }, connection, { ref }) => {
    const channels = policy.authorizedChannels(connection.principal);
    connection.send({ type: 'channels', channels, subscribed: [...connection.subscriptions.keys()] }, ref);
  },
};
