import type { Command } from './command.js';

/** `{"type":"ping"}` → `pong`. */
export const ping: Command<'ping'> = (_services, connection, { ref }) => {
  connection.send({ type: 'pong' }, ref);
};
