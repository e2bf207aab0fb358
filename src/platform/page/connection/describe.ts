import type { StateChange } from '../../../client/index.js';

/** Describes the connection state in a few words. */
export function describeConnection({ state, code, reason }: StateChange): string {
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
      return withReason('Disconnected', { code, reason });
    case 'waiting':
      return 'Connection lost';
  }
}

export function describeLoss(change: Pick<StateChange, 'code' | 'reason'>): string {
  return withReason('Connection lost', change);
}

/** Without a reason of the server, the client sets `reason` to the code. */
function withReason(text: string, { code, reason }: Pick<StateChange, 'code' | 'reason'>): string {
  return reason === code ? text : `${text}: ${reason}`;
}

/** Formats the countdown to the next attempt; empty if no attempt is scheduled. */
export function describeWait({ retryInMs = 0 }: StateChange, changedAt: number, now: number): string {
  const seconds = Math.ceil((changedAt + retryInMs - now) / 1_000);
  return seconds > 0 ? `, retrying in ${seconds} s` : '';
}

/** Result of a reconnect: the number of channels that resumed, and of channels that missed events. */
export interface Return {
  readonly awayMs: number;
  readonly resumed: number;
  readonly missed: number;
}

export function describeReturn({ awayMs, resumed, missed }: Return): string {
  const away = `Reconnected after ${Math.max(1, Math.round(awayMs / 1_000))} s`;
  if (missed > 0)
    return `${away}: events were missed on ${missed} of ${resumed + missed} channels, so the lists were reloaded`;
  return `${away}: ${resumed} channels resumed, no events missed`;
}
