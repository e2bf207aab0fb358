/** A problem, and steps that can solve it. */
export interface Problem {
  readonly problem: string;
  readonly advice: readonly string[];
}

const TLS_PORT = 'The address says ws: (no TLS). If the port serves TLS, write wss://.';

const PROBLEMS: Readonly<Record<string, readonly [problem: string, ...advice: string[]]>> = {
  ENOTFOUND: ['the host name is unknown', 'Check the spelling, and the DNS record of the host.'],
  EAI_AGAIN: ['the name server does not answer', 'Check the network of this machine.'],
  ECONNREFUSED: [
    'the connection was refused',
    'Nothing listens on this port: is the server running, is the port right?',
  ],
  ETIMEDOUT: ['the server does not answer', 'A firewall drops the packets, or the address is wrong.'],
  EHOSTUNREACH: ['the host is unreachable', 'Check the network and the address.'],
  ENETUNREACH: ['the network is unreachable', 'Check the network of this machine.'],
  ECONNRESET: ['the connection was reset', 'The server or a proxy closed it without an answer.', TLS_PORT],
  EPIPE: ['the connection was reset', 'The server or a proxy closed it without an answer.', TLS_PORT],
  EPROTO: ['the server does not speak TLS on this port', 'Use ws:// or the TLS port of the server.'],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    'the server does not speak TLS on this port',
    'Use ws:// or the TLS port of the server.',
  ],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: [
    'the server does not speak TLS on this port',
    'Use ws:// or the TLS port of the server.',
  ],
};

/** Describes an error of a socket. */
export function networkProblem(error: unknown): Problem {
  const { code, message } = firstOf(error);
  const [problem, ...advice] = PROBLEMS[code] ?? [];
  if (problem !== undefined) return { problem, advice };
  if (code.startsWith('HPE_')) return { problem: 'the server does not answer with HTTP', advice: [TLS_PORT] };
  if (/CERT|^UNABLE_TO_|SELF_SIGNED/.test(code))
    return { problem: `the certificate is not valid (${code})`, advice: ['Run "check" with the same address.'] };
  if (/tim(ed )?e?out|aborted/i.test(`${code} ${message}`))
    return { problem: 'the server does not answer in time', advice: [] };
  return { problem: message === '' ? code : message, advice: [] };
}

/** Codes of errors after which a request may have arrived. */
const AFTER_SENDING = /^(ECONNRESET|EPIPE|ETIMEDOUT|UND_ERR_(SOCKET|HEADERS_TIMEOUT|BODY_TIMEOUT))$/;

/** Returns true if the server may have received the request that failed with this error. */
export function mayHaveArrived(error: unknown): boolean {
  const { code, message } = firstOf(error);
  return AFTER_SENDING.test(code) || code.startsWith('HPE_') || (code === '' && /timeout/i.test(message));
}

/** The error itself, its cause, or the first of several errors (one for each address of a host). */
function firstOf(error: unknown): { readonly code: string; readonly message: string } {
  const { errors, cause } = error as { readonly errors?: readonly unknown[]; readonly cause?: unknown };
  const [first] = errors ?? [];
  if (first !== undefined) return firstOf(first);
  const { code } = error as { readonly code?: unknown };
  if (code === undefined && cause instanceof Error) return firstOf(cause);
  return {
    code: typeof code === 'string' ? code : '',
    message: error instanceof Error ? error.message : String(error),
  };
}
