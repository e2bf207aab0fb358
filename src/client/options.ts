import { callListener } from './emitter.js';
import { clamp, MAX_TIMER_MS } from './limits.js';
import type { ConnectOptions } from './socket.js';
import type { Signal } from './signal.js';
import { socketUrl, type PageLocation } from './url.js';
import type { TokenVia, Transports, WebSocketClass } from './web-socket.js';

/** Return value of `getToken`: a token, or `null` for an anonymous connection. */
export type GivenToken = string | null;

/**
 * Reason for requesting a token:
 * - `connect`: the first one
 * - `expiring`: the last one expires soon or has expired
 * - `refused`: the server refused the last one, or the upgrade failed twice with it
 * - `reauthenticate`: the application called `reauthenticate()`
 */
export type TokenReason = 'connect' | 'expiring' | 'refused' | 'reauthenticate';

/** Argument of `getToken`. */
export interface TokenRequest {
  readonly reason: TokenReason;
  /** Aborted when the token is no longer needed, or after `timeoutMs`: pass it on to `fetch`. */
  readonly signal: Signal;
}

/**
 * Receives debug output: a frame that was `sent` or `received`, a `state`, a channel's state (`channel`), or an
 * `error`.
 */
export type Debug = (what: string, details: unknown) => void;

/** Options of a client. */
export interface RealtimeClientOptions {
  /**
   * Address of the server: `wss://…/ws` or `https://…/ws`, also as a `URL`; in a page also a path such as `/ws`.
   * Required.
   */
  readonly url: string | { readonly href: string };
  /** A token that never has to be renewed. Ignored if `getToken` is set. @default none: anonymous */
  readonly token?: string | undefined;
  /**
   * Gets a token. Called before the first connect, before the last token expires, after the server refused one, and by
   * `reauthenticate()`; never twice at the same time, and after ten calls in a row only every three
   * seconds. `null` connects without a token. If it rejects or exceeds
   * `timeoutMs`, it is called again. To stop the client, throw `new RealtimeError('signed_out', 'Signed out')`.
   */
  readonly getToken?: ((request: TokenRequest) => GivenToken | Promise<GivenToken>) | undefined;
  /**
   * Way to send the token: `viaQuery`, `viaSubprotocol` or `viaHeader`.
   * @default in band, in an `auth` frame, which keeps it out of URLs and logs
   */
  readonly tokenVia?: TokenVia | undefined;
  /** WebSocket implementation. @default the global one (browsers, workers, React Native, Node 22 and later) */
  readonly WebSocket?: WebSocketClass | undefined;
  /**
   * Transports in the order in which they are tried: `['websocket', sse()]` uses server-sent events while the network blocks
   * WebSocket, `[sse()]` uses nothing else. `sse` comes from `nestjs-realtime-client/sse`. @default ['websocket']
   */
  readonly transports?: Transports | undefined;
  /**
   * Base of the backoff, in milliseconds: the wait before an attempt is random, between 0 and the larger of `minDelayMs`
   * and 1.5 times the waits so far. @default 1000
   */
  readonly minDelayMs?: number | undefined;
  /**
   * Maximum of the backoff, and the wait between attempts while the browser is offline, in milliseconds. @default 30000
   */
  readonly maxDelayMs?: number | undefined;
  /** Timeout of an attempt to connect, of `getToken` and of a request, in milliseconds. @default 10000 */
  readonly timeoutMs?: number | undefined;
  /**
   * Maximum number of events of one channel that wait for asynchronous listeners. Beyond it the client unsubscribes,
   * and resumes once they are done. @default 10000
   */
  readonly maxWaitingEvents?: number | undefined;
  /** Reports debug output; `true` prints it with `console.debug`. Frames contain tokens. @default false */
  readonly debug?: boolean | Debug | undefined;
}

const DEFAULTS = {
  minDelayMs: 1_000,
  maxDelayMs: 30_000,
  timeoutMs: 10_000,
  maxWaitingEvents: 10_000,
};

/** Options with defaults applied. */
export interface ResolvedOptions
  extends Omit<RealtimeClientOptions, keyof typeof DEFAULTS | 'debug'>, Readonly<typeof DEFAULTS> {
  readonly debug: Debug;
}

/** @throws TypeError with the option and the valid values */
export function resolveOptions(options: RealtimeClientOptions): ResolvedOptions {
  const { debug, token } = options;
  const resolved = { ...options } as { -readonly [N in keyof ResolvedOptions]: ResolvedOptions[N] };
  for (const transport of options.transports ?? []) if (transport !== 'websocket') transport.installTransport(resolved);
  // An error in the callback must not break the client.
  const report = typeof debug === 'function' ? debug : debug ? print : () => undefined;
  resolved.debug = (what, details) => void callListener(() => report(what, details), undefined);
  socketUrl(options.url ?? '', here.location);
  check((token ?? null) === null || (token && typeof token === 'string'), 'token is not a string, or is empty');
  for (const name of ['getToken', 'tokenVia', 'WebSocket'] as const) {
    check(!options[name] || typeof options[name] === 'function', `${name} is not a function`);
  }
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    const value = (resolved[name] ??= DEFAULTS[name]);
    check(clamp(value, 1, MAX_TIMER_MS, NaN) === value, `${name} is ${value}: use 1 to ${MAX_TIMER_MS}`);
  }
  return resolved;
}

const print: Debug = (what, details) => globalThis.console.debug('realtime', what, details);

const here = globalThis as { WebSocket?: WebSocketClass; location?: PageLocation };

/**
 * Resolves how to open a socket in this environment. @throws TypeError without a WebSocket, or if the URL is a path
 * outside of a page
 */
export function connectOptionsOf({ url, tokenVia, WebSocket = here.WebSocket }: ResolvedOptions): ConnectOptions {
  const whole = socketUrl(url, here.location);
  check(WebSocket && whole, 'not in a page: pass WebSocket and a whole url');
  check(!tokenVia || !(WebSocket as { isShared?: boolean }).isShared, 'tokenVia needs an unshared WebSocket');
  return { url: whole!, tokenVia, WebSocket: WebSocket! };
}

function check(isGood: unknown, problem: string): void {
  if (!isGood) throw new TypeError(problem);
}
