import type { CommandSupport } from '../../protocol/command-frames.js';
import { RealtimeError } from '../errors.js';
import { internalsOf } from '../internals.js';
import type { RealtimeClient } from '../types.js';

/** Circumstances in which a call is sent. */
export interface Sending {
  /** On both clocks, in milliseconds: one of them can stop while the device sleeps, the other can be set. */
  readonly at: readonly [number, number];
  /** Number of the connection. */
  readonly connection: number;
  readonly isAnonymous: boolean;
  /** How the server keeps outcomes. */
  readonly support: CommandSupport | undefined;
}

export function sendingNow(client: RealtimeClient, connection: number): Sending {
  const { identity } = internalsOf(client);
  return {
    at: [performance.now(), Date.now()],
    connection,
    isAnonymous: !identity?.user,
    support: identity?.commands,
  };
}

/**
 * Checks whether the server still knows a call that was sent: otherwise it would run a second time.
 * @throws RealtimeError `interrupted`
 */
export function assertRepeatable(name: string, sent: Sending, now: Sending): void {
  const { windowMs = 0, epoch } = now.support ?? {};
  const ageMs = Math.max(...now.at.map((time, clock) => time - sent.at[clock]!));
  const problem =
    now.isAnonymous && sent.connection !== now.connection
      ? 'the server does not recognize an anonymous client after a reconnect'
      : sent.support?.epoch !== epoch
        ? 'the server lost the outcomes of its calls'
        : !(ageMs < windowMs)
          ? `it was sent ${Math.round(ageMs)} ms ago, and the server keeps outcomes for ${windowMs} ms`
          : undefined;
  if (problem) throw new RealtimeError('interrupted', `The outcome of ${name} is unknown: ${problem}`);
}
