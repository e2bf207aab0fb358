import { RealtimeError, type GivenToken, type TokenRequest } from '../../../src/client/index.js';
import type { FakeIdentity } from '../../../src/testing/index.js';
import type { Frame } from './tagged-socket.js';

export const USERS = ['ada', 'grace'] as const;

/** Behavior of `getToken`, or validity of its token. */
export const TOKENS = ['good', 'short', 'slow', 'refused', 'rejects', 'hangs', 'signed out', 'none'] as const;
export type TokenKind = (typeof TOKENS)[number];

/** The client's limit for a call of `getToken`, in milliseconds. */
const LIMIT_MS = 10_000;

/**
 * Minimum time between the client learning a token's expiry and renewing it, in milliseconds, plus time for the call.
 */
const MIN_RENEWAL_MS = 500 + 100;

/** Lifetime of a short token, in milliseconds. */
const SHORT_MS = 5_000;

/**
 * Implements the application's `getToken` and the server's token check. Reports wrong calls, and tokens that are sent
 * too late.
 */
export class TokenSource {
  who: (typeof USERS)[number] = 'ada';
  /** Calls of `getToken`. */
  calls = 0;
  #kind: TokenKind = 'good';
  /** Behavior of `getToken` after its next call. */
  #next: TokenKind | undefined;
  /** Time since which `getToken` returns good tokens. */
  #worksSince: number | undefined = 0;
  #call: AbortSignal | undefined;
  #calledAt = 0;
  /** The last token that the server accepted. */
  #current: string | undefined;
  // short token → its expiry
  readonly #ends = new Map<string, number>();
  readonly #accepted = new Set<string>();
  // token → time at which the client learned its expiry
  readonly #known = new Map<string, number>();
  // refused token → time at which the client learned of the refusal
  readonly #refused = new Map<string, number>();

  constructor(private readonly report: (problem: string) => void) {}

  /** True if `getToken` eventually returns a good token. */
  get works(): boolean {
    return this.#kind === 'good' || this.#kind === 'short' || this.#kind === 'slow';
  }

  get kind(): TokenKind {
    return this.#kind;
  }

  set kind(kind: TokenKind) {
    if (kind !== 'good' && kind !== 'short') this.#worksSince = undefined;
    else this.#worksSince ??= performance.now();
    this.#kind = kind;
    this.#next = undefined;
  }

  /** @param next behavior after one call */
  become(kind: TokenKind, next: TokenKind | undefined): void {
    this.kind = kind;
    this.#next = next;
  }

  /** True if the server refused a token since a time. */
  wasRefusedSince(time: number): boolean {
    return [...this.#refused.values()].some((refusedAt) => refusedAt >= time);
  }

  /** @param isConnected true if the client is connected and renews its token */
  async get({ signal, reason }: TokenRequest, isConnected: boolean): Promise<GivenToken> {
    this.calls += 1;
    this.#calledAt = performance.now();
    if (isConnected && !signal.aborted && reason === 'expiring' && !this.#ends.has(this.#current ?? ''))
      this.report('a token without an expiry is renewed');
    if (this.#call && !this.#call.aborted) this.report('getToken is called while it is being called');
    this.#call = signal;
    try {
      return await this.#answer(signal);
    } finally {
      if (this.#call === signal) this.#call = undefined;
    }
  }

  /** Checks the invariants between two steps. */
  check(): void {
    if (this.#call?.aborted === false && performance.now() > this.#calledAt + LIMIT_MS + 1)
      this.report('a call of getToken is never given up');
  }

  /** The server's check of a token. */
  identify(token: string): FakeIdentity {
    const [userId = '', kind] = token.split('/');
    // Two calls of reauthenticate() can send one token at the same time.
    if (this.#refused.get(token)! < performance.now()) this.report('a token is sent again that was refused');
    const leftMs = (this.#ends.get(token) ?? Infinity) - performance.now();
    if (leftMs <= 0 && this.#accepted.has(token)) this.report('a token is sent after its end');
    if (leftMs <= 0) return 'token_expired';
    if (kind === 'refused') return 'token_invalid';
    return { user: { userId, email: null, role: 'user' }, ...(leftMs < Infinity && { expiresInMs: leftMs }) };
  }

  /** Handles a frame that the client receives. @param token last token sent on this socket */
  receives({ type, code, ref }: Frame, token: string | undefined): void {
    if (type === 'connected') this.#current = undefined; // the token was sent, but the server has not answered it
    if (type === 'authenticated') {
      this.#current = token;
      this.#accepted.add(token!);
      if (!this.#known.has(token!)) this.#known.set(token!, performance.now());
    }
    if (type !== 'error' || !code?.startsWith('token_')) return;
    if (!this.#refused.has(token!)) this.#refused.set(token!, performance.now());
    if (ref !== undefined) return;
    // From here on, the server has closed the connection because the token expired.
    if (this.#worksSince === undefined || performance.now() < this.#worksSince + SHORT_MS) return;
    if (performance.now() < this.#known.get(token!)! + MIN_RENEWAL_MS) return;
    this.report('a token is not renewed before it expires');
  }

  async #answer(signal: TokenRequest['signal']): Promise<GivenToken> {
    const kind = this.#kind;
    const token = `${this.who}/${kind}/${this.calls}`;
    if (this.#next !== undefined) this.kind = this.#next;
    switch (kind) {
      case 'rejects':
        throw new Error('no token');
      case 'signed out':
        throw new RealtimeError('signed_out', 'signed out');
      case 'hangs':
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
      case 'none':
        return null;
      default:
        if (kind === 'short') this.#ends.set(token, performance.now() + SHORT_MS);
        await sleep(Math.random() * (kind === 'slow' ? 5_000 : 100), signal);
        return token;
    }
  }
}

/** @param signal aborts the sleep */
function sleep(ms: number, signal: TokenRequest['signal']): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
