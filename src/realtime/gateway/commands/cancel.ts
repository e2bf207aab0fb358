import { ProtocolError } from '../../../protocol/index.js';
import type { Command } from './command.js';

/** `{"type":"cancel",…}`: ends a call of this connection, which is answered with `error` `cancelled`. */
export const cancel: Command<'cancel'> = {
  cost: () => 256,
  run: ({ commands }, connection, { callId }) => {
    if (commands.cancel(connection, callId)) return;
    throw new ProtocolError('not_found', { message: 'No call with this id runs for this connection' });
  },
};
