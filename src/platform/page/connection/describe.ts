import type { StateChange } from '../../../client/index.js';

/** How the connection is, in a few words. */
export function describeConnection({ state, reason }: StateChange): string {
  switch (state) {
    case 'idle':
      return 'Not connected';
    case 'connecting':
      return 'Connecting…';
    case 'connected':
      return 'Connected';
    case 'paused':
      return 'Offline';
    case 'closed':
      return `Disconnected: ${reason}`;
    case 'waiting':
      return 'Connection lost';
  }
}

/** For how long it still waits before the next attempt; empty where it does not. */
export function describeWait({ retryInMs = 0 }: StateChange, changedAt: number, now: number): string {
  const seconds = Math.ceil((changedAt + retryInMs - now) / 1_000);
  return seconds > 0 ? `, next attempt in ${seconds} s` : '';
}

/** What a return to a connection brought: how many channels went on, and how many of them miss events. */
export interface Return {
  readonly awayMs: number;
  readonly resumed: number;
  readonly missed: number;
}

export function describeReturn({ awayMs, resumed, missed }: Return): string {
  const away = `Back after ${Math.max(1, Math.round(awayMs / 1_000))} s`;
  if (missed > 0)
    return `${away}: events were missed on ${missed} of ${resumed + missed} channels, and the lists loaded again`;
  return `${away}: ${resumed} channels resumed, nothing missed`;
}
