import { delayBefore } from './backoff.js';
import { RealtimeError } from './errors.js';
import { CALL_EVERY_MS, CALLS_IN_A_ROW, clamp, MAX_MARGIN_MS, MAX_TIMER_MS, MIN_RENEWAL_MS } from './limits.js';
import type { GivenToken, ResolvedOptions, TokenReason } from './options.js';
import { within } from './within.js';

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
  /**
   * The token at hand is no longer good.
   * @param reason passed to `getToken` when it is called next
   * @returns whether `getToken` itself asks for this: another token is on its way
   */
  forget(reason: TokenReason): boolean;
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
  options: ResolvedOptions,
  send: () => Promise<void>,
  failed: (error: RealtimeError) => void,
): Tokens {
  const { getToken = () => options.token ?? null } = options;
  let token: GivenToken | undefined;
  let endsAt = Infinity; // when another is needed, on the clock of `performance.now()`
  let reasonOfNext: TokenReason = 'connect';
  let call: AbortController | undefined;
  let latest: Promise<GivenToken>;
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Which renewals count: an earlier one that ends late changes nothing.
  let generation = {};
  let isAsking = false;
  // When the next call is due; far in the past after few of them.
  let freeAt = -Infinity;

  const abort = (): void => {
    const former = call;
    call = undefined; // first: a listener of its signal may need a token
    former?.abort();
  };
  const ask = async (reason: TokenReason, signal: AbortSignal): Promise<GivenToken> => {
    await null; // several calls of `reauthenticate()` in one step need one token
    const waitMs = freeAt - performance.now();
    if (waitMs > 0) await within(new Promise(ignore), waitMs, reason, signal).catch(ignore);
    if (signal.aborted) return null;
    freeAt = Math.max(freeAt, performance.now() - CALLS_IN_A_ROW * CALL_EVERY_MS) + CALL_EVERY_MS;
    isAsking = true;
    const given = (async () => getToken({ reason, signal }))();
    isAsking = false;
    return given;
  };
  const request = async (reason: TokenReason): Promise<GivenToken> => {
    const own = (call = new AbortController());
    const { signal } = own;
    // Of a call that another one replaced, the outcome of the other counts.
    const isReplaced = (): boolean => call !== own && call !== undefined;
    try {
      const given = (await within(ask(reason, signal), options.timeoutMs, 'getToken did not answer', signal)) ?? null;
      if (given !== null && (!given || typeof given !== 'string')) {
        throw new TypeError(`getToken gave ${given === '' ? "''" : typeof given}: return a token, or null`);
      }
      if (!isReplaced()) {
        // Otherwise it was stopped in the moment before: a token of that time may be a former user's.
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
    if (call && reason !== 'reauthenticate') return latest;
    abort();
    return (latest = request(reason));
  };
  const renewIn = (ms: number, failures: number): void => {
    clearTimeout(timer);
    const own = generation;
    const attempt = (): Promise<void> =>
      send().catch((error: RealtimeError) => {
        if (own !== generation) return;
        // First: a listener of the error may close the client, which ends the renewals.
        renewIn(delayBefore(failures, options), failures + 1);
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
      // Not later than it was: a token that is sent again has no life of its own, and no time to be exchanged.
      endsAt = Math.min(endsAt, performance.now() + ms - margin);
      // Not at the same moment as all clients that signed in together.
      if (ms < Infinity && options.getToken) renewIn(ms - margin * (1 + Math.random()), 1);
    },
    rest,
    stop() {
      rest();
      abort();
    },
  };
}

function ignore(): void {}
