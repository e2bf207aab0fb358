import { isSameIdentity, type Principal } from '../../auth/principal.js';

/** Time limit for a decision. After it, the subscription ends, and its client subscribes again. */
export const MAX_UNDECIDED_MS = 60_000;

/** Delay of the first retry, and maximum delay, in milliseconds. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

/** A subscription that was granted before, and for which a new decision was requested but not made yet. */
export interface Undecided {
  /** Time of the first request without a decision, by a monotonic clock. */
  readonly since: number;
  /** Expiry of the token for which the last decision was made, in milliseconds since 1970. */
  readonly flowsUntil: number;
  /** True if the last decision does not apply any more: it was about another identity, or a command withdrew it. */
  readonly isVoid: boolean;
  /** Number of failed requests. */
  readonly failures: number;
  /** Time of the next request; `Infinity` while a request is running. */
  readonly askAgainAt: number;
}

/**
 * - `flows`: the last decision still applies
 * - `paused`: no events are delivered until the decision
 * - `over`: the time limit has passed
 */
export type UndecidedState = 'flows' | 'paused' | 'over';

/** A request for a new decision. */
export interface DecisionRequest {
  /** The principal of the last decision. `principal` is the principal of the next one. */
  readonly decidedFor: Principal | null;
  readonly principal: Principal | null;
  /** True if the application or an operator requested it because permissions may have changed. */
  readonly isOrdered: boolean;
}

/** Updates the state for a new request. Once the last decision is void, it stays void until the next decision. */
export function onAsked(before: Undecided | null, request: DecisionRequest, now: number): Undecided {
  const { decidedFor, principal, isOrdered } = request;
  return {
    since: before?.since ?? now,
    flowsUntil: decidedFor?.expiresAt ?? Infinity,
    isVoid: isOrdered || (before?.isVoid ?? false) || !isSameIdentity(decidedFor, principal),
    failures: before?.failures ?? 0,
    askAgainAt: Infinity,
  };
}

/**
 * Updates the state after a failed request.
 * @param random from 0 to 1, so that subscriptions that failed together are not retried together
 */
export function onUnanswered(undecided: Undecided, now: number, random: number): Undecided {
  const { failures } = undecided;
  const delayMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
  return { ...undecided, failures: failures + 1, askAgainAt: now + delayMs * (0.5 + random / 2) };
}

/**
 * Returns the state of an undecided subscription.
 * @param now a monotonic clock
 * @param wallClock milliseconds since 1970, to compare with the expiry of tokens
 */
export function stateOf(undecided: Undecided, now: number, wallClock: number): UndecidedState {
  const { since, flowsUntil, isVoid } = undecided;
  if (now - since >= MAX_UNDECIDED_MS) return 'over';
  return isVoid || wallClock >= flowsUntil ? 'paused' : 'flows';
}
