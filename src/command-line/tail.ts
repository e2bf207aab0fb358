import { channelNameProblem, isWildcard } from '../protocol/index.js';
import { ToolError } from '../asyncapi-tools/tool-error.js';
import { DONE, type Command } from './command.js';
import { followChannels } from './follow-channels.js';
import { SERVER_OPTIONS } from './live-options.js';
import { readSecret } from './secrets.js';
import { socketAddress } from './server-address.js';

export const tail: Command = {
  name: 'tail',
  usage: `tail <channel>… [--json]
      Prints the events of channels as they arrive, one line each: time, channel, id, data. apps:* means every channel of
      the group that the user can use when the command starts. --json prints frames as JSON lines. Refusals, breaks,
      and which events were recovered or lost are written to the standard error. Ends with Ctrl-C.`,
  options: { ...SERVER_OPTIONS, json: { type: 'boolean' } },
  async run(given, terminal) {
    const { words, flags } = given;
    if (words.length === 0) throw new ToolError('tail takes one or more channels');
    for (const name of words) {
      const problem = isWildcard(name) ? null : channelNameProblem(name);
      if (problem !== null) throw new ToolError(`the channel ${JSON.stringify(name)} ${problem}`);
    }
    const url = socketAddress(given, terminal);
    const token = await readSecret('token', given, terminal);
    if (terminal.ended.aborted) return DONE;
    return followChannels([...new Set(words)], { url, token, isJson: flags.has('json') }, terminal);
  },
};
