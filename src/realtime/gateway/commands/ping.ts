import type { Command } from './command.js';

/** `{"type":"ping"}`: answers with `pong`. */
export const ping: Command<'ping'> = {
  cost: () => 0,
  run: (_services, connection, { ref }) => {
    connection.send({ type: 'pong' }, ref);
  },
};
