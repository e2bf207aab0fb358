import { channelNameProblem, isWildcard } from '../protocol/index.js';
import { ToolError } from '../asyncapi-tools/tool-error.js';
import { DONE, withValues, type Command } from './command.js';
import { followChannels } from './follow-channels.js';
import { SERVER_OPTIONS } from './live-options.js';
import { readSecret } from './secrets.js';
import { socketAddress } from './server-address.js';

/** Limit of the protocol. */
const MAX_LAST = 1_000;

export const tail: Command = {
  name: 'tail',
  usage: `tail <channel>… [--last <n>] [--json]
      Prints the events of channels as they arrive, one line each: time, channel, id, data. apps:* means every channel of
      the group that the user can use when the command starts. --last prints the last events of
      each channel first, as far as they are kept. --json prints frames as JSON lines. Refusals, breaks,
      and which events were recovered or lost are written to the standard error. Ends with Ctrl-C.`,
  options: { ...SERVER_OPTIONS, ...withValues('last'), json: { type: 'boolean' } },
  async run(given, terminal) {
    const { words, texts, flags } = given;
    if (words.length === 0) throw new ToolError('tail takes one or more channels');
    for (const name of words) {
      const problem = isWildcard(name) ? null : channelNameProblem(name);
      if (problem !== null) throw new ToolError(`the channel ${JSON.stringify(name)} ${problem}`);
    }
    const last = texts['last'] === undefined ? undefined : Number(texts['last']);
    if (last !== undefined && !(Number.isInteger(last) && last >= 1 && last <= MAX_LAST))
      throw new ToolError(`--last is a whole number from 1 to ${MAX_LAST}`);
    const url = socketAddress(given, terminal);
    const token = await readSecret('token', given, terminal);
    if (terminal.ended.aborted) return DONE;
    return followChannels([...new Set(words)], { url, token, last, isJson: flags.has('json') }, terminal);
  },
};
