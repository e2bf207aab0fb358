import { delayBefore } from './backoff.js';
import { RealtimeError } from './errors.js';
import { clamp, MAX_TIMER_MS, within } from './limits.js';
import type { GivenToken, ResolvedOptions, TokenReason } from './options.js';

/** How long before its end a token is exchanged, in milliseconds; a fifth of its life at most. */
const MAX_MARGIN_MS = 60_000;

/** The shortest wait before a token is exchanged, in milliseconds, however soon it ends. */
const MIN_RENEWAL_MS = 500;

/** The token at hand, the one call that gets another, and the timer that asks for one in time. */
export interface Tokens {
  /** The token at hand while it is good, else a new one. @throws RealtimeError `token_failed` or `signed_out` */
  get(): Promise<GivenToken>;
  /**
   * A new token. A call that is under way is shared, unless the reason is `reauthenticate`: then it is aborted, and
   * everybody who waits for it gets the new token.
   * @throws RealtimeError `token_failed` or `signed_out`
   */
  renew(reason: TokenReason): Promise<GivenToken>;
  /** The token at hand is no longer good. @param reason what `getToken` is told when it is called next */
  forget(reason: TokenReason): void;
  /**
   * What the server said of the token at hand: it is exchanged before its end.
   * @param ms `Infinity` if it has no end
   */
  endsIn(ms: number): void;
  /** There is no connection to renew a token for. */
  rest(): void;
  /** Nothing needs a token: aborts a call that is under way. */
  stop(): void;
}

/**
 * @param send gets a token and sends it to the server; it is called in time, and again if it rejects
 * @param failed is called with the error of each such attempt
 */
export function createTokens(
  { token: fixed, getToken, minDelayMs, maxDelayMs, timeoutMs }: ResolvedOptions,
  send: () => Promise<void>,
  failed: (error: RealtimeError) => void,
): Tokens {
  let token: GivenToken | undefined;
  let endsAt = Infinity; // when another is needed, on the clock of `performance.now()`
  let reasonOfNext: TokenReason = 'connect';
  let call: AbortController | undefined;
  let latest: Promise<GivenToken>;
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Which renewals count: an earlier one that ends late changes nothing.
  let generation = {};

  const abort = (): void => {
    call?.abort();
    call = undefined;
  };
  const request = async (reason: TokenReason, { signal }: AbortController): Promise<GivenToken> => {
    try {
      const late = (): Error => new Error(`getToken did not answer within ${timeoutMs} ms`);
      const asked = Promise.resolve().then(() => getToken!({ reason, signal }));
      const given = (await within(asked, timeoutMs, late, signal)) ?? null;
      if (given === null || typeof given === 'string') return given;
      throw new TypeError(`getToken gave a value of type ${typeof given}: return the token as a string, or null`);
    } catch (cause) {
      if (cause instanceof RealtimeError && cause.code === 'signed_out') throw cause;
      throw new RealtimeError('token_failed', cause instanceof Error ? cause.message : String(cause), { cause });
    }
  };
  const renew = (reason: TokenReason): Promise<GivenToken> => {
    if (getToken === undefined) return Promise.resolve(fixed ?? null);
    if (call && reason !== 'reauthenticate') return latest;
    abort();
    const own = (call = new AbortController());
    // Of a call that another one replaced, the outcome of the other counts.
    const isReplaced = (): boolean => call !== own && call !== undefined;
    return (latest = request(reason, own).then(
      (fresh) => {
        if (isReplaced()) return latest;
        call = undefined;
        endsAt = Infinity;
        return (token = fresh);
      },
      (error: unknown) => {
        if (isReplaced()) return latest;
        own.abort();
        call = undefined;
        throw error;
      },
    ));
  };
  const renewIn = (ms: number, failures: number): void => {
    clearTimeout(timer);
    const own = generation;
    const attempt = (): Promise<void> =>
      send().catch((error: RealtimeError) => {
        if (own !== generation) return;
        // First: a listener of the error may close the client, which ends the renewals.
        renewIn(delayBefore(failures, minDelayMs, maxDelayMs), failures + 1);
        failed(error);
      });
    timer = setTimeout(() => void attempt(), clamp(ms, MIN_RENEWAL_MS, MAX_TIMER_MS, MAX_TIMER_MS));
  };
  const rest = (): void => {
    generation = {};
    clearTimeout(timer);
  };

  return {
    async get() {
      if (getToken === undefined) return fixed ?? null;
      return token !== undefined && performance.now() < endsAt ? token : renew(reasonOfNext);
    },
    renew,
    forget(reason) {
      token = undefined;
      reasonOfNext = reason;
    },
    endsIn(ms) {
      rest();
      reasonOfNext = 'expiring';
      const margin = Math.min(MAX_MARGIN_MS, ms / 5);
      // Not later than it was: a token that is sent again has no life of its own, and no time to be exchanged.
      endsAt = Math.min(endsAt, performance.now() + ms - margin);
      // Not at the same moment as all clients that signed in together.
      if (ms < Infinity && getToken !== undefined) renewIn(ms - margin * (1 + Math.random()), 1);
    },
    rest,
    stop() {
      rest();
      abort();
    },
  };
}
