import { Agent, request } from 'node:http';

/** Outcome of a request. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown }
  /** The connection was refused. */
  | { readonly kind: 'refused' }
  /** The connection broke before the response. */
  | { readonly kind: 'broken' }
  /** No response in time. */
  | { readonly kind: 'late' };

/** Posts JSON; never rejects. */
export function post(
  url: string,
  body: unknown,
  options: { readonly agent: Agent; readonly headers: Readonly<Record<string, string>>; readonly timeoutMs: number },
): Promise<Answer> {
  return new Promise((resolve) => {
    const text = JSON.stringify(body);
    let connected = false;
    const headers = {
      ...options.headers,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    };
    const outgoing = request(url, { method: 'POST', agent: options.agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', () => settle({ kind: 'broken' }));
      response.once('end', () => {
        const answer = Buffer.concat(chunks).toString();
        settle({ kind: 'answered', status: response.statusCode ?? 0, body: parse(answer) });
      });
    });
    const timer = setTimeout(() => {
      settle({ kind: 'late' });
      outgoing.destroy();
    }, options.timeoutMs);
    const settle = (answer: Answer): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    outgoing.once('socket', (socket) => {
      if (!socket.connecting) connected = true;
      else socket.once('connect', () => (connected = true));
    });
    outgoing.on('error', () => settle(connected ? { kind: 'broken' } : { kind: 'refused' }));
    outgoing.end(text);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
