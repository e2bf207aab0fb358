/** Arguments of a WebSocket: the address, subprotocols, and the options of `ws` and React Native. */
export type SocketArguments = [url: string, protocols?: string | string[], options?: SocketOptions];

/** Options of a WebSocket outside of browsers. */
export interface SocketOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Address and headers of a stream. */
export interface StreamTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Returns true if the arguments contain the token or a ticket, so that it is not sent in band. */
export function hasToken([url, protocols = [], { headers } = {}]: SocketArguments): boolean {
  return headers !== undefined || tokenIn(protocols) !== undefined || /[?&](token|ticket)=/.test(url);
}

/**
 * Derives a stream from the arguments of a WebSocket: `wss://host/ws?a=b` becomes `https://host/realtime/stream?a=b`. A
 * token in a subprotocol or the query becomes a header, because requests that send frames need it too. The ticket of a user
 * stays in the query.
 * @param inBand the token that the client sends in band
 * @param given the address of the stream, absolute or relative to that of the WebSocket
 * @throws TypeError for an invalid address
 */
export function streamTarget(
  [url, protocols = [], { headers = {} } = {}]: SocketArguments,
  inBand: string | undefined,
  given = 'realtime/stream',
): StreamTarget {
  const socket = new URL(url.replace(/^ws/, 'http'));
  const target = new URL(given, socket);
  let token = inBand ?? tokenIn(protocols);
  for (const [name, value] of socket.searchParams) {
    if (name === 'token' || (name === 'ticket' && value.startsWith('guest-'))) token ??= value;
    else target.searchParams.append(name, value);
  }
  return {
    url: target.href,
    headers: { ...(token !== undefined && { Authorization: `Bearer ${token}` }), ...headers },
  };
}

/** Returns the address to which the client posts frames. */
export function framesUrl(streamUrl: string, connectionId: string): string {
  const target = new URL(streamUrl);
  target.pathname += `/${encodeURIComponent(connectionId)}/frames`;
  target.searchParams.delete('channels');
  return target.href;
}

function tokenIn(protocols: string | string[]): string | undefined {
  return [protocols]
    .flat()
    .find((protocol) => protocol.startsWith('token-'))
    ?.slice('token-'.length);
}
