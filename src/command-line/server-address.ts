import { ToolError } from '../asyncapi-tools/tool-error.js';
import type { Given } from './command.js';
import type { Terminal } from './terminal.js';

/** Path of the WebSocket if the URL has none. */
const SOCKET_PATH = '/ws';
/** Path of the route that publishes. */
export const EVENTS_PATH = '/realtime/events';

const SCHEMES: Readonly<Record<string, string>> = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' };

/**
 * Returns the address of the WebSocket, `ws:` or `wss:`, from `--url` or REALTIME_URL.
 * @throws ToolError if it is missing or invalid. The message does not repeat it: it can contain a secret
 */
export function socketAddress({ texts }: Given, { env }: Pick<Terminal, 'env'>): URL {
  const given = texts['url'] ?? env['REALTIME_URL'];
  if (given === undefined || given === '')
    throw new ToolError('the address is missing: --url wss://api.example.com, or the variable REALTIME_URL');
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const scheme = SCHEMES[url?.protocol ?? ''];
  if (url === undefined || scheme === undefined || url.hostname === '')
    throw new ToolError('the address is invalid: write wss://host/path, or ws://, https:// or http://');
  if (url.username !== '' || url.password !== '')
    throw new ToolError('the address must not contain a user name or a password');
  for (const name of ['token', 'ticket']) {
    if (url.searchParams.has(name))
      throw new ToolError(`the address must not contain a ${name}: pass a token with REALTIME_TOKEN or --token`);
  }
  url.hash = '';
  if (url.pathname === '/') url.pathname = SOCKET_PATH;
  if (texts['tenant'] !== undefined) url.searchParams.set('tenant', texts['tenant']);
  // The setter of `protocol` accepts these changes, because all four are special schemes.
  url.protocol = scheme;
  return url;
}

/** Returns the address of the route that publishes, on the host of the WebSocket. @throws ToolError */
export function eventsAddress(socket: URL, path = EVENTS_PATH): URL {
  if (!path.startsWith('/') || path.startsWith('//')) throw new ToolError('--path starts with one "/"');
  const url = new URL(path, httpAddress(socket));
  return url;
}

/** Returns the same address for HTTP. */
export function httpAddress(socket: URL): URL {
  const url = new URL(socket);
  url.protocol = socket.protocol === 'wss:' ? 'https:' : 'http:';
  return url;
}

/** Returns the host without the brackets of IPv6, and the port. */
export function hostOf({ hostname, port, protocol }: URL): { readonly host: string; readonly port: number } {
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (protocol === 'wss:' || protocol === 'https:' ? 443 : 80) : Number(port),
  };
}
