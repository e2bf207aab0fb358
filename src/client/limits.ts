// The numbers of the client. Exported from a file without imports, bundlers put each where it is used.

/** The longest time that a timer can wait, in milliseconds; a longer one would fire at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** A connection that ended sooner than this did not work, in milliseconds. */
export const STABLE_AFTER_MS = 5_000;

/** Tokens that must be refused in a row before the client stays away … */
export const MAX_TOKEN_REFUSALS = 3;

/** … and for how long, in milliseconds: a token that is not valid yet becomes valid within the skew of clocks. */
export const TOKENS_REFUSED_FOR_MS = 60_000;

/** Failed upgrades with one token, after which another one is asked for: a browser cannot see a 401. */
export const MAX_FAILED_UPGRADES = 2;

/** Failed attempts in a row that are reported as an error. */
export const REPORTED_FAILURES = 5;

/** The longest wait that a server can ask for, in milliseconds. */
export const MAX_ASKED_WAIT_MS = 3_600_000;

/** How long before its end a token is exchanged, in milliseconds; a fifth of its life at most. */
export const MAX_MARGIN_MS = 60_000;

/** Calls of `getToken` that can follow one another at once: it may lead to `reauthenticate()`, and that to a call of it; … */
export const CALLS_IN_A_ROW = 10;

/** … and the time between further calls, in milliseconds. */
export const CALL_EVERY_MS = 3_000;

/** The shortest wait before a token is exchanged, in milliseconds, however soon it ends. */
export const MIN_RENEWAL_MS = 500;

/** How soon a client that slept wants to know whether the connection lives, in milliseconds. */
export const CHECK_WITHIN_MS = 5_000;

/** The shortest heartbeat that a server can ask for, in milliseconds. */
export const MIN_HEARTBEAT_MS = 1_000;

/** The longest heartbeat, in milliseconds. */
export const MAX_HEARTBEAT_MS = 3_600_000;

/** Channels that one frame names: with the longest names and ids it is within what servers accept (64 KiB). */
export const MAX_BATCH = 100;

/** A number from outside, within bounds. @returns `missing` if it is not a number */
export function clamp(value: unknown, min: number, max: number, missing = max): number {
  return typeof value === 'number' && !isNaN(value) ? Math.min(Math.max(value, min), max) : missing;
}
