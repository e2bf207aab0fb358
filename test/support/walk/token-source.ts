import { RealtimeError, type GivenToken, type TokenRequest } from '../../../src/client/index.js';
import type { FakeIdentity } from '../../../src/testing/index.js';
import type { Frame } from './tagged-socket.js';

export const USERS = ['ada', 'grace'] as const;

/** How `getToken` behaves, or what its token is good for. */
export const TOKENS = ['good', 'short', 'slow', 'refused', 'rejects', 'hangs', 'signed out', 'none'] as const;
export type TokenKind = (typeof TOKENS)[number];

/** The life of a short token, in milliseconds. */
const SHORT_MS = 5_000;

/** The application's `getToken` and the server's check of tokens. It reports wrong calls, and tokens that are sent too late. */
export class TokenSource {
  who: (typeof USERS)[number] = 'ada';
  #kind: TokenKind = 'good';
  /** Since when `getToken` answers with good tokens. */
  #worksSince: number | undefined = 0;
  #count = 0;
  #call: AbortSignal | undefined;
  // short token → its end
  readonly #ends = new Map<string, number>();
  readonly #accepted = new Set<string>();
  readonly #refused = new Set<string>();

  constructor(private readonly report: (problem: string) => void) {}

  /** Sooner or later it gives a good token. */
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
  }

  async get({ signal }: TokenRequest): Promise<GivenToken> {
    if (this.#call && !this.#call.aborted) this.report('getToken is called while it is being called');
    this.#call = signal;
    try {
      return await this.#answer(signal);
    } finally {
      if (this.#call === signal) this.#call = undefined;
    }
  }

  /** What the server says of a token. */
  identify(token: string): FakeIdentity {
    const [userId = '', kind] = token.split('/');
    if (this.#refused.has(token)) this.report('a token is sent again that was refused');
    const leftMs = (this.#ends.get(token) ?? Infinity) - performance.now();
    if (leftMs <= 0 && this.#accepted.has(token)) this.report('a token is sent after its end');
    if (leftMs <= 0) return 'token_expired';
    if (kind === 'refused') return 'token_invalid';
    return { user: { userId, email: null, role: 'user' }, ...(leftMs < Infinity && { expiresInMs: leftMs }) };
  }

  /** The client gets a frame. @param token the last one that it sent there */
  hears({ type, code, ref }: Frame, token: string | undefined): void {
    if (type === 'authenticated') this.#accepted.add(token!);
    if (type !== 'error' || !code?.startsWith('token_')) return;
    this.#refused.add(token!);
    if (ref !== undefined) return;
    // The server ends the connection because its token ended.
    if (this.#worksSince === undefined || performance.now() < this.#worksSince + SHORT_MS) return;
    this.report('a token is not exchanged before its end');
  }

  async #answer(signal: TokenRequest['signal']): Promise<GivenToken> {
    const kind = this.#kind;
    const token = `${this.who}/${kind}/${(this.#count += 1)}`;
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

/** @param signal ends it */
function sleep(ms: number, signal: TokenRequest['signal']): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
