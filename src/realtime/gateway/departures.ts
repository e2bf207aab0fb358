import { setTimeout as delay } from 'node:timers/promises';
import { USER_BURST } from './handshake-limits.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

type Limits = Pick<ResolvedRealtimeOptions, 'reconnectSpreadMs' | 'handshakesPerSecond' | 'handshakesPerSecondPerUser'>;

/**
 * The share of the handshakes that one instance accepts per second (`handshakesPerSecond`) for the clients of a drain. A
 * client that has not left yet waits for nothing, so slow is better than fast: the other instances stay responsive.
 */
const SHARE_OF_HANDSHAKES = 0.1;
/** The shortest time between two groups of departures, in milliseconds. */
const TICK_MS = 10;

/**
 * Computes when each connection of an instance that drains is closed, in milliseconds after the first one. The clients
 * return at once, so they leave no faster than one other instance accepts them, and those of one user no faster than
 * the limit of handshakes per user. `reconnectSpreadMs` bounds all of it.
 * @param users the user of each connection; `null` without one
 */
export function departureTimes(users: readonly (string | null)[], limits: Limits): number[] {
  const { reconnectSpreadMs, handshakesPerSecond, handshakesPerSecondPerUser } = limits;
  const longestStepMs = reconnectSpreadMs / users.length;
  const stepMs = Math.min(longestStepMs, 1_000 / (handshakesPerSecond * SHARE_OF_HANDSHAKES));
  const seen = new Map<string, number>();
  return users.map((user, index) => {
    if (user === null) return index * stepMs;
    const count = (seen.get(user) ?? 0) + 1;
    seen.set(user, count);
    const userMs = (count / handshakesPerSecondPerUser - USER_BURST) * 1_000;
    return Math.max(index * stepMs, Math.min(userMs, index * longestStepMs));
  });
}

/**
 * Calls back with the indexes whose time has come, until all times have come or `over` is aborted.
 * @param times in milliseconds from now
 */
export async function atTimes(
  times: readonly number[],
  over: AbortSignal,
  callback: (indexes: readonly number[]) => void,
): Promise<void> {
  const waiting = times.map((atMs, index) => ({ atMs, index })).sort((a, b) => b.atMs - a.atMs);
  const begun = performance.now();
  while (!over.aborted) {
    const elapsedMs = performance.now() - begun;
    const due: number[] = [];
    while (waiting.length > 0 && waiting.at(-1)!.atMs <= elapsedMs) due.push(waiting.pop()!.index);
    if (due.length > 0) callback(due);
    const next = waiting.at(-1);
    if (next === undefined) return;
    const waitMs = Math.max(TICK_MS, next.atMs - elapsedMs);
    await delay(waitMs, undefined, { signal: over }).catch(() => undefined); // rejects if it is aborted
  }
}
