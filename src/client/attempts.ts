import { delayUpTo } from './backoff.js';
import { RealtimeError } from './errors.js';
import {
  clamp,
  MAX_ASKED_WAIT_MS,
  MAX_FAILED_UPGRADES,
  MAX_TOKEN_REFUSALS,
  REPORTED_FAILURES,
  STABLE_AFTER_MS,
  TOKENS_REFUSED_FOR_MS,
} from './limits.js';
import type { ResolvedOptions } from './options.js';
import type { SessionEnd } from './session.js';

/** Counts failures in a row, and decides what follows: a new token, a wait, or the end. */
export interface Attempts {
  /** Resets all counters, when the application connects. */
  reset(): void;
  /**
   * Resets counters after the server accepted a connection or a token on it, or after the application signs in.
   * @param isNew true for a new connection
   */
  ready(isNew: boolean): void;
  /**
   * A connection or an attempt ended. @returns `token_refused` if another token is needed, `refused` if none will help
   */
  ended(end: SessionEnd): 'token_refused' | 'refused' | undefined;
  /** Returns the wait before the next attempt, in milliseconds. */
  retryInMs(end: SessionEnd, url: string): number;
}

/** @param failed called with the error after too many failures */
export function createAttempts(options: ResolvedOptions, failed: (error: RealtimeError) => void): Attempts {
  let readyAt = Infinity;
  let failures = 0;
  let failedUpgrades = 0;
  let tokenRefusals = 0;
  let refusedSince = 0;
  let boundMs = 0;

  return {
    reset() {
      failedUpgrades = failures = tokenRefusals = boundMs = 0;
    },
    ready(isNew) {
      failedUpgrades = 0;
      refusedSince = performance.now();
      if (isNew) readyAt = refusedSince;
    },
    ended({ cause, error }) {
      const now = performance.now();
      if (now - readyAt >= STABLE_AFTER_MS) failures = tokenRefusals = boundMs = 0;
      readyAt = Infinity;
      if (cause === 'unreachable' && (failedUpgrades += 1) % MAX_FAILED_UPGRADES === 0) return 'token_refused';
      if (cause !== 'token_refused') return undefined;
      if ((tokenRefusals += 1) === 1) refusedSince = now;
      // A fixed token cannot become valid again after its expiry.
      if (!options.getToken && error === 'token_expired') return 'refused';
      const isEarly = tokenRefusals < MAX_TOKEN_REFUSALS || now - refusedSince < TOKENS_REFUSED_FOR_MS;
      return isEarly ? 'token_refused' : 'refused';
    },
    retryInMs({ cause, reason, status = 0, retryInMs: askedMs }, url) {
      // An expired or replaced token does not indicate a server problem: the first retry is immediate.
      if (cause === 'other_user' || (cause === 'token_refused' && tokenRefusals === 1)) return 0;
      failures += 1;
      const isClientError = status >= 400 && status < 500 && status !== 429;
      if (cause === 'unreachable' && (failures === REPORTED_FAILURES || (failures < 2 && isClientError))) {
        failed(new RealtimeError('unreachable', `No connection to ${url}: ${reason || cause}`));
      }
      const backoff = delayUpTo(boundMs, options);
      // If the server asks for no delay twice in a row, the usual backoff applies.
      const wait = clamp(askedMs, failures < 2 ? 0 : backoff, MAX_ASKED_WAIT_MS, backoff);
      boundMs += 1.5 * wait;
      return wait;
    },
  };
}
