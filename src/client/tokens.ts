import { delayUpTo } from './backoff.js';
import { RealtimeError } from './errors.js';
import { CALL_EVERY_MS, CALLS_IN_A_ROW, clamp, MAX_MARGIN_MS, MAX_TIMER_MS, MIN_RENEWAL_MS } from './limits.js';
import type { GivenToken, ResolvedOptions, TokenReason } from './options.js';
import { within } from './within.js';

/** Manages the current token, the call that gets another one, and the timer that renews it. */
export interface Tokens {
  /**
   * Returns the current token while it is valid, otherwise a new one.
   * @throws RealtimeError `token_failed` or `signed_out`
   */
  get(): Promise<GivenToken>;
  /**
   * Gets a new token. A pending call is shared, unless the reason is `reauthenticate`: then it is aborted, and all its
   * callers get the new token.
   * @throws RealtimeError `token_failed` or `signed_out`
   */
  renew(reason: TokenReason): Promise<GivenToken>;
  /**
   * Discards the current token.
   * @param reason passed to the next call of `getToken`
   * @returns true if `getToken` itself caused this: another token is pending
   */
  forget(reason: TokenReason): boolean;
  /**
   * Sets the expiry of the current token, as reported by the server. The token is renewed before.
   * @param ms time until expiry, in milliseconds; `Infinity` without expiry
   */
  endsIn(ms: number): void;
  /** Stops renewals while there is no connection. */
  rest(): void;
  /** Aborts a pending call, because no token is needed. */
  stop(): void;
}

/**
 * @param send gets a token and sends it to the server; called before the token expires, and again if it rejects
 * @param failed called with the error of each failed renewal
 */
export function createTokens(
  options: ResolvedOptions,
  send: () => Promise<void>,
  failed: (error: RealtimeError) => void,
): Tokens {
  const { getToken } = options;
  let token: GivenToken | undefined;
  let endsAt = Infinity; // time at which another token is needed, on the clock of `performance.now()`
  let reasonOfNext: TokenReason = 'connect';
  let call: AbortController | undefined;
  let latest: Promise<GivenToken>;
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Current generation of renewals: the result of an earlier one is ignored.
  let generation = {};
  let isAsking = false;
  // Time from which the next call needs no wait. It is in the past unless there were many calls in a row.
  let freeAt = -Infinity;

  const abort = (): void => {
    const former = call;
    call = undefined; // first, because a listener of its signal may need a token
    former?.abort();
  };
  const ask = async (reason: TokenReason, signal: AbortSignal): Promise<GivenToken> => {
    await Promise.resolve(); // several calls of `reauthenticate()` in one step need one token
    const waitMs = freeAt - performance.now();
    if (waitMs > 0) await within(new Promise(ignore), waitMs, reason, signal).catch(ignore);
    if (signal.aborted) return null;
    freeAt = Math.max(freeAt, performance.now() - CALLS_IN_A_ROW * CALL_EVERY_MS) + CALL_EVERY_MS;
    isAsking = true;
    const given = (async () => getToken!({ reason, signal }))();
    isAsking = false;
    return given;
  };
  const request = async (reason: TokenReason): Promise<GivenToken> => {
    const own = (call = new AbortController());
    const { signal } = own;
    // If another call replaced this one, the other's result counts.
    const isReplaced = (): boolean => call !== own && call !== undefined;
    try {
      const given = (await within(ask(reason, signal), options.timeoutMs, 'getToken did not answer', signal)) ?? null;
      if (given !== null && (!given || typeof given !== 'string')) {
        throw new TypeError(`getToken gave ${given === '' ? "''" : typeof given}: return a token, or null`);
      }
      if (!isReplaced()) {
        // Otherwise the client was just stopped, and the token may belong to a former user.
        if (call) {
          token = given;
          call = undefined;
          endsAt = Infinity;
        }
        return given;
      }
    } catch (cause) {
      if (!isReplaced()) {
        abort();
        if ((cause as RealtimeError | undefined)?.code === 'signed_out') throw cause;
        throw new RealtimeError('token_failed', (cause as Error | undefined)?.message ?? String(cause), { cause });
      }
    }
    return latest;
  };
  const renew = (reason: TokenReason): Promise<GivenToken> => {
    if (!getToken) return Promise.resolve(options.token ?? null); // also works in engines without AbortController
    if (call && reason !== 'reauthenticate') return latest;
    abort();
    return (latest = request(reason));
  };
  const renewIn = (ms: number, boundMs = options.minDelayMs): void => {
    clearTimeout(timer);
    const own = generation;
    const attempt = (): Promise<void> =>
      send().catch((error: RealtimeError) => {
        if (own !== generation) return;
        // First, because a listener of the error may close the client, which ends the renewals.
        renewIn(delayUpTo((boundMs *= 2), options), boundMs);
        failed(error);
      });
    timer = setTimeout(() => void attempt(), clamp(ms, MIN_RENEWAL_MS, MAX_TIMER_MS));
  };
  const rest = (): void => {
    generation = {};
    clearTimeout(timer);
  };

  return {
    async get() {
      return token !== undefined && performance.now() < endsAt ? token : renew(reasonOfNext);
    },
    renew,
    forget(reason) {
      token = undefined;
      reasonOfNext = reason;
      return isAsking;
    },
    endsIn(ms) {
      rest();
      reasonOfNext = 'expiring';
      const margin = Math.min(MAX_MARGIN_MS, ms / 5);
      // Never extends the expiry: a token that is sent again keeps its original lifetime.
      endsAt = Math.min(endsAt, performance.now() + ms - margin);
      // Spread out, so that clients that signed in together do not renew at the same time.
      if (ms < Infinity && getToken) renewIn(ms - margin * (1 + Math.random()));
    },
    rest,
    stop() {
      rest();
      abort();
    },
  };
}

function ignore(): void {}
