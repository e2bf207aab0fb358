import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../connections/connection.js';
import { safely } from '../observability/run-safely.js';
import { USER_BURST } from './handshake-limits.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

type Limits = Pick<ResolvedRealtimeOptions, 'reconnectSpreadMs' | 'handshakesPerSecond' | 'handshakesPerSecondPerUser'>;

/**
 * Share of one instance's `handshakesPerSecond` that the clients of a drain may use. A client is connected until it
 * leaves, so a slow drain is better than a fast one: the other instances stay responsive.
 */
const SHARE_OF_HANDSHAKES = 0.1;
/** Time for which the departure of a connection waits for answers to its calls, in milliseconds. */
const CALLS_MS = 5_000;
/** Minimum time between two groups of departures, in milliseconds. */
const TICK_MS = 10;

/**
 * Computes when each connection of a draining instance is closed, in milliseconds after the first one. The clients
 * reconnect at once, so they leave no faster than one other instance accepts them, and those of one user no faster than
 * the handshake limit per user. All of them leave within `reconnectSpreadMs`.
 * @param users user of each connection; `null` without a user
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
 * Calls back with the indexes that are due, until all are done or `over` is aborted.
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
    await delay(waitMs, undefined, { signal: over }).catch(() => undefined); // rejects on abort
  }
}

/** Calls back when the calls of a connection have their answers, or after a time limit. It begins no further call. */
export function afterItsCalls(connection: Pick<Connection, 'calls' | 'onCallsEnded'>, leave: () => void): void {
  if ((connection.calls?.size ?? 0) === 0) return leave();
  const timer = setTimeout(safely('The departure of a connection', leave), CALLS_MS);
  connection.onCallsEnded = () => {
    clearTimeout(timer);
    leave();
  };
}
