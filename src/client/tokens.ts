import { delayBefore } from './backoff.js';
import { RealtimeError } from './errors.js';
import type { GivenToken, ResolvedOptions } from './options.js';

/** How long before its end a token is exchanged, in milliseconds; a fifth of its life at most. */
const MAX_MARGIN_MS = 60_000;

/** The longest time that a timer can wait, in milliseconds. */
const MAX_TIMER_MS = 2_147_483_647;

/** The token that is good now, the one call that gets another, and the timer that asks for one in time. */
export interface Tokens {
  /** The token at hand while it is good, else a new one. @throws RealtimeError `token_failed` */
  get(): Promise<GivenToken>;
  /** A new token; all who ask while it is on its way get the same. @throws RealtimeError `token_failed` */
  renew(): Promise<GivenToken>;
  /** The token at hand is no good, or no longer. */
  forget(): void;
  /**
   * What the server said of the token at hand: before its end another is brought.
   * @param ms `Infinity` where it has no end
   */
  endsIn(ms: number): void;
  /** There is no connection that a token could be brought to. */
  stop(): void;
}

/**
 * @param bring gets a token and brings it to the server; it is called in time, and again when it rejects
 * @param failed is told of that
 */
export function createTokens(
  { token: fixed, getToken, minDelayMs, maxDelayMs }: ResolvedOptions,
  bring: () => Promise<void>,
  failed: (error: RealtimeError) => void,
): Tokens {
  let token: GivenToken | undefined;
  let endsAt = 0; // on the clock of `performance.now()`
  let getting: Promise<GivenToken> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const renew = (): Promise<GivenToken> =>
    (getting ??= Promise.resolve()
      .then(getToken)
      .then((fresh = null) => {
        endsAt = Infinity;
        return (token = fresh);
      })
      .catch((cause: unknown) => {
        throw new RealtimeError('token_failed', String(cause), { cause });
      })
      .finally(() => (getting = undefined)));
  const bringIn = (ms: number, failures: number): void => {
    clearTimeout(timer);
    const attempt = (): Promise<void> =>
      bring().catch((error: RealtimeError) => {
        failed(error);
        bringIn(delayBefore(failures, minDelayMs, maxDelayMs), failures + 1);
      });
    timer = setTimeout(() => void attempt(), Math.min(ms, MAX_TIMER_MS));
  };

  return {
    async get() {
      if (getToken === undefined) return fixed ?? null;
      return token !== undefined && performance.now() < endsAt ? token : renew();
    },
    renew,
    forget() {
      token = undefined;
    },
    endsIn(ms) {
      const margin = Math.min(MAX_MARGIN_MS, ms / 5);
      endsAt = performance.now() + ms - margin;
      // Not at the same moment as everybody who signed in together.
      if (ms < Infinity && getToken !== undefined) bringIn(ms - margin * (1 + Math.random()), 1);
    },
    stop: () => clearTimeout(timer),
  };
}
