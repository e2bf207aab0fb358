import { DONE, REFUSED, type Command } from './command.js';
import { openConversation } from './conversation.js';
import { relativeText } from './duration.js';
import type { Connected } from './frames.js';
import { adviceFor, greetingOf, type Greeting } from './greeting.js';
import { upgradeProblem } from './http-answer.js';
import { SERVER_OPTIONS } from './live-options.js';
import { networkProblem, type Problem } from './network-problem.js';
import { printable, shortened } from './printable.js';
import { readSecret } from './secrets.js';
import { socketAddress } from './server-address.js';
import { ToolError } from '../asyncapi-tools/tool-error.js';

const TIMEOUT_MS = 10_000;

export const whoami: Command = {
  name: 'whoami',
  usage: `whoami [--json]
      Prints what the server knows about the token: user, role, tenant, connection, channels, and when the token ends.`,
  options: { ...SERVER_OPTIONS, json: { type: 'boolean' } },
  async run(given, terminal) {
    if (given.words.length > 0) throw new ToolError('whoami takes no arguments, only options');
    const url = socketAddress(given, terminal);
    const token = await readSecret('token', given, terminal);
    const opening = await openConversation(url, { token, timeoutMs: TIMEOUT_MS });
    const refused = ({ problem, advice }: Problem): number => {
      terminal.writeError(`not connected: ${[problem, ...advice].join('\n  ')}\n`);
      return REFUSED;
    };
    if (opening.kind === 'failed') return refused(networkProblem(opening.error));
    if (opening.kind === 'refused') return refused(upgradeProblem(opening.answer, {}));
    const greeting = await greetingOf(opening.conversation, TIMEOUT_MS);
    opening.conversation.close();
    if (greeting.kind !== 'connected') return refused(problemOf(greeting));
    const { connected, sentAt, at } = greeting;
    await terminal.write(
      given.flags.has('json') ? `${printable(JSON.stringify(connected))}\n` : describe(connected, sentAt ?? at),
    );
    return DONE;
  },
};

function problemOf(greeting: Exclude<Greeting, { kind: 'connected' }>): Problem {
  switch (greeting.kind) {
    case 'error': {
      const advice = adviceFor(greeting.code);
      const problem = `${shortened(greeting.message)} (${shortened(greeting.code)})`;
      return { problem, advice: advice === undefined ? [] : [advice] };
    }
    case 'closed':
      return { problem: `the server closed with ${greeting.code} ${shortened(greeting.reason)}`, advice: [] };
    case 'silent':
      return { problem: 'the connection opened, but no frame came: run "check"', advice: [] };
    case 'foreign':
      return { problem: 'another WebSocket server answers on this path: run "check"', advice: [] };
  }
}

/** @param now by the clock of the server */
function describe({ user, ...rest }: Connected, now: number): string {
  const { tenant, connectionId, expiresAt, heartbeatMs, authorizedChannels, features, limitedTo, isGuest } = rest;
  const ends = expiresAt === null ? 'never' : `${expiresAt} (${relativeText(Date.parse(expiresAt), now)})`;
  const lines: (readonly [string, string])[] = [
    [
      'user',
      user === null
        ? isGuest
          ? 'a guest'
          : 'anonymous'
        : `${user.userId}${user.email === null ? '' : ` (${user.email})`}`,
    ],
    ...(user === null ? [] : [['role', user.role] as const]),
    ...(tenant === null ? [] : [['tenant', tenant] as const]),
    ['connection', connectionId],
    ...(user === null && !isGuest ? [] : [[isGuest ? 'ticket ends' : 'token ends', ends] as const]),
    ['heartbeat', `${heartbeatMs / 1_000} s`],
    ...(features === null ? [] : [['features', features.join(' ')] as const]),
    ...(limitedTo === null ? [] : [['limited to', limitedTo.join(' ') || 'no channel'] as const]),
    ['channels', authorizedChannels.join(' ') || 'none without a policy'],
  ];
  return lines.map(([name, text]) => `${name.padEnd(12)}${printable(text)}\n`).join('');
}
