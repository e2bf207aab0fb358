import { isSameIdentity, type Principal } from '../auth/principal.js';

/** A subscription waits this long for a decision; then it ends, and its client subscribes again. */
export const MAX_UNDECIDED_MS = 60_000;

/** The first repetition of a question, and the longest pause between two, in milliseconds. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

/** A subscription that was granted once, and about which a policy was asked again without an answer so far. */
export interface Undecided {
  /** When the first question without an answer was asked; a clock that only goes forward. */
  readonly since: number;
  /** When the token ends for which the former decision was made, in milliseconds since 1970. */
  readonly flowsUntil: number;
  /** The former decision is void: it was about another identity, or an order withdrew it. */
  readonly isVoid: boolean;
  /** Questions that failed. */
  readonly failures: number;
  /** When to ask again; `Infinity` while a question is under way. */
  readonly askAgainAt: number;
}

/**
 * - `flows`: the former decision still counts
 * - `paused`: nothing is delivered before the decision
 * - `over`: it took too long
 */
export type UndecidedState = 'flows' | 'paused' | 'over';

/** Why a policy is asked again. */
export interface DecisionRequest {
  /** The principal of the last decision; `principal` is that of the next one. */
  readonly decidedFor: Principal | null;
  readonly principal: Principal | null;
  /** True if the application or an operator requested it because permissions may have changed. */
  readonly isOrdered: boolean;
}

/** A question is asked. What made the former decision void once keeps it void until there is another. */
export function onAsked(before: Undecided | null, question: DecisionRequest, now: number): Undecided {
  const { decidedFor, principal, isOrdered } = question;
  return {
    since: before?.since ?? now,
    flowsUntil: decidedFor?.expiresAt ?? Infinity,
    isVoid: isOrdered || (before?.isVoid ?? false) || !isSameIdentity(decidedFor, principal),
    failures: before?.failures ?? 0,
    askAgainAt: Infinity,
  };
}

/** The question had no answer. @param random from 0 to 1, so that those who failed together do not ask together */
export function onUnanswered(undecided: Undecided, now: number, random: number): Undecided {
  const { failures } = undecided;
  const delayMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
  return { ...undecided, failures: failures + 1, askAgainAt: now + delayMs * (0.5 + random / 2) };
}

/** @param now a clock that only goes forward @param wallClock milliseconds since 1970, by which tokens end */
export function stateOf(undecided: Undecided, now: number, wallClock: number): UndecidedState {
  const { since, flowsUntil, isVoid } = undecided;
  if (now - since >= MAX_UNDECIDED_MS) return 'over';
  return isVoid || wallClock >= flowsUntil ? 'paused' : 'flows';
}
