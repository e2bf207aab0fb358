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

/** Formats the countdown to the end of an outage on demand. */
export function describeOutage(endsAt: number, now: number): string {
  return `, back in ${Math.max(1, Math.ceil((endsAt - now) / 1_000))} s`;
}

/**
 * Result of a reconnect: the number of channels that resumed, of channels that missed events, and of events that were
 * missed and then replayed.
 */
export interface Return {
  readonly awayMs: number;
  readonly resumed: number;
  readonly missed: number;
  readonly recovered: number;
}

export function describeReturn({ awayMs, resumed, missed, recovered }: Return): string {
  const after = `after ${Math.max(1, Math.round(awayMs / 1_000))} s`;
  if (missed > 0) {
    return `Reconnected ${after}: events were missed on ${missed} of ${resumed + missed} channels, so the lists were reloaded`;
  }
  if (recovered === 0) return `Resumed ${after}, no events missed`;
  return `Resumed ${after}, ${recovered} ${recovered === 1 ? 'event' : 'events'} recovered`;
}
