import type { CallOutcome } from '../../commands/call-outcome.js';
import type { CallReply } from '../../commands/running-call.js';
import type { Connection } from '../../connections/connection.js';
import { sendError } from '../send-error.js';
import type { Command } from './command.js';

/** Answers up to this size together are charged with a later call: charging each takes as long as a short call. */
const UNPAID_BYTES = 4_096;

/** `{"type":"call",…}`: runs a command of the application; answers with `result` or `error`, after `progress` if it has any. */
export const call: Command<'call'> = {
  cost: (_request, { unpaidBytes }) => (unpaidBytes < UNPAID_BYTES ? 0 : 256),
  run: ({ commands }, connection, { name, callId, data, ref }, bytes) => {
    // Not awaited: later frames do not wait for a command.
    commands.start(connection, { name, callId, data, bytes }, new FrameReply(connection, callId, ref));
  },
};

/** Answers a call with frames. */
class FrameReply implements CallReply {
  constructor(
    private readonly connection: Connection,
    private readonly callId: string,
    private readonly ref: string | undefined,
  ) {}

  end({ json, error }: CallOutcome): void {
    const { connection, callId, ref } = this;
    if (connection.closing) return;
    if (error === undefined) connection.reply('result', `"callId":"${callId}",${json}`, ref);
    else sendError(connection, error, { ref, callId });
  }

  progress(json: string): void {
    // Without `ref`, which marks the one answer to a frame.
    if (!this.connection.closing) this.connection.reply('progress', `"callId":"${this.callId}","data":${json}`);
  }
}
