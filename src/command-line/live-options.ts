import { withValues, type OptionTypes } from './command.js';

/** Options of every command that talks to a server. */
export const SERVER_OPTIONS: OptionTypes = withValues('url', 'token', 'tenant');

/** Sentences of the help about these options. */
export const SERVER_NOTES = `Options of tail, publish, whoami and check:
  --url <address>   wss://host or https://host (ws:// and http:// without TLS), with the path /ws unless it has another.
                    Or the variable REALTIME_URL.
  --token <jwt>     The token of a user; without it tail, whoami and check are anonymous. Or the variable REALTIME_TOKEN.
  --key <key>       A publishing key, for publish. Or the variable REALTIME_KEY.
  --tenant <name>   The tenant, for platform administrators.
  Every user of this machine can see a token or a key on the command line, in the list of processes. Prefer the
  variables, or pass - to read one from the standard input. They are sent in headers, and never printed.
  For a private certificate authority set NODE_EXTRA_CA_CERTS=ca.pem.

Exit codes: 0 done, 1 refused, unreachable or a check failed, 2 invalid arguments or input.
`;
