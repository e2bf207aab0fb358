import type { Command } from './command.js';

/** `{"type":"presence_update",…}`: sets the state of the client in a channel that it is subscribed to. */
export const presenceUpdate: Command<'presence_update'> = {
  cost: ({ state }) => 512 + (state?.length ?? 0),
  run: ({ presence }, connection, { channel, state, ageMs, ref }) => {
    const intervalMs = presence.update(connection, channel, state, ageMs);
    connection.send({ type: 'presence_updated', channel, intervalMs }, ref);
  },
};
