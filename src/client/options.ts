import type { Dialling, TokenVia, WebSocketClass } from './socket.js';

/** What `getToken` gives: a token, or `null` for an anonymous connection. */
export type GivenToken = string | null;

/** Everything that a client can be told. */
export interface RealtimeClientOptions {
  /** Where the server is: `ws://…/ws` or `wss://…/ws`; in a page also a path, such as `/ws`. Required. */
  readonly url: string;
  /** A token that is good for as long as it is needed; for one that ends use `getToken`. @default none: anonymous */
  readonly token?: string;
  /**
   * Gets a token: called when one is needed, that is before the first connect, before the last one ends, and after the
   * server refused one. However many wait for it, it is called once. `null` connects without a token.
   */
  readonly getToken?: () => GivenToken | Promise<GivenToken>;
  /**
   * Which way the token travels: `in-band` (an `auth` frame: in no URL and no log), `query` (`?token=…`), `subprotocol`,
   * or `header` (`Authorization: Bearer …`: only with a `WebSocket` that takes headers as its third argument, such as
   * `ws` or React Native's; a browser's does not). @default 'in-band'
   */
  readonly tokenVia?: TokenVia;
  /** The WebSocket implementation. @default the global one (browsers, workers, React Native, Node 22 and later) */
  readonly WebSocket?: WebSocketClass;
  /** The wait before the n-th attempt in a row is random, between 0 and `minDelayMs` × 2ⁿ, in milliseconds. @default 1000 */
  readonly minDelayMs?: number;
  /** The longest such wait, in milliseconds. @default 30000 */
  readonly maxDelayMs?: number;
  /** How long an attempt to connect, or a request, may take, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
  /** Tokens that may be refused in a row before the client stays away. @default 3 */
  readonly maxTokenRefusals?: number;
  /**
   * Events of one channel that may wait for asynchronous listeners; past it the channel is left, and resumed once they are
   * done. @default 10000
   */
  readonly maxWaitingEvents?: number;
}

/** The options with their defaults. */
export interface ResolvedOptions extends Required<
  Pick<RealtimeClientOptions, 'minDelayMs' | 'maxDelayMs' | 'timeoutMs' | 'maxTokenRefusals' | 'maxWaitingEvents'>
> {
  /** How to open a socket. @throws Error where there is no WebSocket, or the URL cannot be made out */
  dialling(): Dialling;
}

const DEFAULTS = {
  minDelayMs: 1_000,
  maxDelayMs: 30_000,
  timeoutMs: 10_000,
  maxTokenRefusals: 3,
  maxWaitingEvents: 10_000,
};

/** @throws TypeError that names the option and says what it takes */
export function resolveOptions(options: RealtimeClientOptions): ResolvedOptions {
  const { url, token, getToken, tokenVia = 'in-band', WebSocket } = options;
  check(/^(wss?:\/\/|\/)/.test(url), 'url', 'must begin with ws:// or wss://, or be a path such as /ws');
  check(token === undefined || getToken === undefined, 'token', 'must not stand beside getToken: use one of them');
  check(
    tokenVia !== 'header' || WebSocket !== undefined,
    'tokenVia',
    '"header" needs a WebSocket that takes headers, such as that of the package ws: pass it as WebSocket',
  );
  const numbers = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    const value = options[name] ?? DEFAULTS[name];
    check(Number.isInteger(value) && value > 0, name, 'must be a whole number above 0');
    numbers[name] = value;
  }
  return {
    ...numbers,
    dialling: () => ({ url: absolute(url), tokenVia, WebSocket: WebSocket ?? globalWebSocket() }),
  };
}

function check(isGood: boolean, option: string, problem: string): void {
  if (!isGood) throw new TypeError(`createRealtimeClient: ${option} ${problem}`);
}

function globalWebSocket(): WebSocketClass {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketClass };
  if (WebSocket === undefined) {
    throw new TypeError(
      'createRealtimeClient: there is no global WebSocket here: pass one as WebSocket, such as that of ws',
    );
  }
  return WebSocket;
}

function absolute(url: string): string {
  if (!url.startsWith('/')) return url;
  const { location } = globalThis as { location?: { protocol: string; host: string } };
  if (location === undefined)
    throw new TypeError('createRealtimeClient: outside of a page, url must begin with ws:// or wss://');
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${url}`;
}
