import { ToolError } from '../asyncapi-tools/tool-error.js';
import type { Given } from './command.js';
import type { Terminal } from './terminal.js';

const VARIABLES = { token: 'REALTIME_TOKEN', key: 'REALTIME_KEY' } as const;

/** Values that a header can have. A key can contain spaces. */
const VALID = { token: /^[!-~]+$/, key: /^[ -~]+$/ } as const;

/** Name of a secret, and of its option. */
export type SecretName = keyof typeof VARIABLES;

/**
 * Returns a secret from its option, from its environment variable, or from the standard input if it is `-`.
 * @returns `undefined` if it is not given
 * @throws ToolError if it is empty or cannot be a header. The message does not repeat it
 */
export async function readSecret(name: SecretName, { texts }: Given, terminal: Terminal): Promise<string | undefined> {
  const given = texts[name] ?? terminal.env[VARIABLES[name]];
  if (given === undefined || given === '') return undefined;
  const secret = (given === '-' ? await terminal.input() : given).trim().replace(/^Bearer\s+/i, '');
  if (!VALID[name].test(secret))
    throw new ToolError(`the ${name} is empty, or contains a line break or another character that it cannot have`);
  return secret;
}
