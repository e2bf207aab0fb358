import { RealtimeError } from './errors.js';
import type { GivenToken, RealtimeClientOptions } from './options.js';

/** The token that is good now, and the one call that gets another. */
export class TokenKeeper {
  #token: GivenToken | undefined;
  /** On the clock of `performance.now()`. */
  #endsAt = Infinity;
  #getting: Promise<GivenToken> | undefined;

  constructor(private readonly options: Pick<RealtimeClientOptions, 'token' | 'getToken'>) {}

  /** Whether another token can be had. */
  get canRenew(): boolean {
    return this.options.getToken !== undefined;
  }

  /** The token at hand while it is good, else a new one. @throws RealtimeError `token_failed` */
  async get(): Promise<GivenToken> {
    const { token, getToken } = this.options;
    if (getToken === undefined) return token ?? null;
    if (this.#token !== undefined && performance.now() < this.#endsAt) return this.#token;
    return this.renew();
  }

  /** A new token; all who ask while it is on its way get the same. @throws RealtimeError `token_failed` */
  renew(): Promise<GivenToken> {
    this.#getting ??= this.#fetch().finally(() => (this.#getting = undefined));
    return this.#getting;
  }

  /** The token at hand is no good, or no longer. */
  forget(): void {
    this.#token = undefined;
  }

  /** What the server said of the token at hand. @param ms `Infinity` where it has no end */
  endsIn(ms: number): void {
    this.#endsAt = performance.now() + ms;
  }

  async #fetch(): Promise<GivenToken> {
    let token: GivenToken | undefined;
    try {
      token = (await this.options.getToken?.()) ?? null;
    } catch (cause) {
      throw new RealtimeError('token_failed', `No token could be got: ${messageOf(cause)}`, undefined, cause);
    }
    this.#endsAt = Infinity;
    return (this.#token = token);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
