import type { Dialling } from './socket.js';
import type { TokenVia, WebSocketClass } from './web-socket.js';

/** What `getToken` gives: a token, or `null` for an anonymous connection. */
export type GivenToken = string | null;

/** Everything that a client can be told. */
export interface RealtimeClientOptions {
  /** Where the server is: `ws://…/ws` or `wss://…/ws`; in a page also a path, such as `/ws`. Required. */
  readonly url: string;
  /** A token that is good for as long as it is needed; not looked at beside `getToken`. @default none: anonymous */
  readonly token?: string;
  /**
   * Gets a token: called when one is needed, that is before the first connect, before the last one ends, and after the
   * server refused one. However many wait for it, it is called once. `null` connects without a token.
   */
  readonly getToken?: () => GivenToken | Promise<GivenToken>;
  /**
   * Which way the token travels, if not in band, that is by an `auth` frame, which keeps it out of URLs and logs:
   * `viaQuery`, `viaSubprotocol` or `viaHeader`. @default in band
   */
  readonly tokenVia?: TokenVia;
  /** The WebSocket implementation. @default the global one (browsers, workers, React Native, Node 22 and later) */
  readonly WebSocket?: WebSocketClass;
  /** The wait before the n-th attempt in a row is random, between 0 and `minDelayMs` × 2ⁿ, in milliseconds. @default 1000 */
  readonly minDelayMs?: number;
  /** The longest such wait, in milliseconds. @default 30000 */
  readonly maxDelayMs?: number;
  /** How long an attempt to connect may take, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
  /**
   * Events of one channel that may wait for asynchronous listeners; past it the channel is left, and resumed once they are
   * done. @default 10000
   */
  readonly maxWaitingEvents?: number;
}

const DEFAULTS = {
  minDelayMs: 1_000,
  maxDelayMs: 30_000,
  timeoutMs: 10_000,
  maxWaitingEvents: 10_000,
};

/** The options with their defaults. */
export interface ResolvedOptions
  extends Omit<RealtimeClientOptions, keyof typeof DEFAULTS>, Readonly<typeof DEFAULTS> {}

/** @throws TypeError that names the option and says what it takes */
export function resolveOptions(options: RealtimeClientOptions): ResolvedOptions {
  const resolved = { ...DEFAULTS, ...options };
  check(/^(wss?:\/)?\//.test(options.url), 'url must be ws://…, wss://… or a path');
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    resolved[name] ??= DEFAULTS[name];
    check(resolved[name] > 0, `${name} must be above 0`);
  }
  return resolved;
}

/** How to open a socket, from here. @throws TypeError where there is no WebSocket, or the URL cannot be made out */
export function diallingOf({ url, tokenVia, WebSocket }: RealtimeClientOptions): Dialling {
  const here = globalThis as { WebSocket?: WebSocketClass; location?: { origin: string } };
  const origin = url.startsWith('/') ? here.location?.origin.replace('http', 'ws') : '';
  const Class = WebSocket ?? here.WebSocket;
  check(Class && origin !== undefined, 'pass WebSocket and a whole url');
  return { url: origin + url, tokenVia, WebSocket: Class! };
}

function check(isGood: unknown, problem: string): void {
  if (!isGood) throw new TypeError(problem);
}
