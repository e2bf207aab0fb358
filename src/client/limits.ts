// The constants of the client, in a file without imports, so that bundlers can inline them.

/** Maximum delay of a timer, in milliseconds; a longer one would fire at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** A connection that ends before this time counts as failed, in milliseconds. */
export const STABLE_AFTER_MS = 5_000;

/**
 * Number of refused tokens in a row after which the client stops, if they were refused for at least
 * {@link TOKENS_REFUSED_FOR_MS}.
 */
export const MAX_TOKEN_REFUSALS = 3;

/**
 * Minimum time of these refusals, in milliseconds. A token that is not valid yet becomes valid within this time, unless
 * the clocks differ by more.
 */
export const TOKENS_REFUSED_FOR_MS = 60_000;

/** Number of failed upgrades with one token before a new one is requested: a browser cannot see a 401. */
export const MAX_FAILED_UPGRADES = 2;

/** Number of failed attempts in a row before an error is reported. */
export const REPORTED_FAILURES = 5;

/** Maximum delay that a server can ask for, in milliseconds. */
export const MAX_ASKED_WAIT_MS = 3_600_000;

/** Maximum time before its expiry at which a token is renewed, in milliseconds; at most a fifth of its lifetime. */
export const MAX_MARGIN_MS = 60_000;

/**
 * Number of calls of `getToken` in a row without a wait. A loop of calls is possible, because `getToken` can cause a
 * `reauthenticate()`.
 */
export const CALLS_IN_A_ROW = 10;

/** Interval of further calls of `getToken`, in milliseconds. */
export const CALL_EVERY_MS = 3_000;

/** Minimum wait before a token is renewed, in milliseconds, even if it expires sooner. */
export const MIN_RENEWAL_MS = 500;

/** Timeout of the liveness check after a sleep, in milliseconds. */
export const CHECK_WITHIN_MS = 5_000;

/** Minimum heartbeat interval that a server can ask for, in milliseconds. */
export const MIN_HEARTBEAT_MS = 1_000;

/** Maximum heartbeat interval, in milliseconds. */
export const MAX_HEARTBEAT_MS = 3_600_000;

/**
 * Maximum number of channels in one frame: even with the longest names and ids it stays below the limit of servers (64
 * KiB).
 */
export const MAX_BATCH = 100;

/** Clamps a number from outside. @returns `missing` if it is not a number */
export function clamp(value: unknown, min: number, max: number, missing = max): number {
  return typeof value === 'number' && !isNaN(value) ? Math.min(Math.max(value, min), max) : missing;
}
